import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The folder of reference data, `../shared` beside the checkout or UMBEL_SHARED; null where there is none. */
export function sharedDir(): string | null {
  const chosen = process.env["UMBEL_SHARED"];
  const path = chosen ?? fileURLToPath(new URL("../../../shared", import.meta.url));
  return existsSync(path) ? path : null;
}

/** A title for tests that need reference data, which says why they are skipped where it is missing. */
export function sharedTitle(title: string): string {
  return sharedDir() === null ? `${title} (skipped: no reference data, set UMBEL_SHARED)` : title;
}
