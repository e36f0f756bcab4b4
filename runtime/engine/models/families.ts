/**
 * Model families, found by listing runtime/models/: a file whose default export is a family is one; `variants` are others
 * that share its code.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { UmbelError } from "#runtime/errors";
import type {
  ClipVisionFamily,
  DiffusionFamily,
  TextEncoderFamily,
  VaeFamily,
} from "#runtime/sdk/model";
import { CODE_ROOT } from "#runtime/engine/locations";

export type AnyFamily = DiffusionFamily | VaeFamily | TextEncoderFamily | ClipVisionFamily;
export type ModelKind = AnyFamily["kind"];

const FAMILY_FOLDER = join(CODE_ROOT, "runtime", "models");

const loaded = new Map<string, Promise<readonly AnyFamily[]>>();

/** Every family of the folder, loaded once. Throws ERR_INTERNAL for a file that exports none, or two of one name. */
export function loadFamilies(folder: string = FAMILY_FOLDER): Promise<readonly AnyFamily[]> {
  const known = loaded.get(folder);
  if (known !== undefined) return known;
  const families = load(folder);
  loaded.set(folder, families);
  return families;
}

async function load(folder: string): Promise<readonly AnyFamily[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && /(?<!\.d)\.[jt]s$/.test(entry.name))
    .map((entry) => join(folder, entry.name))
    .toSorted();
  const families = new Map<string, AnyFamily>();
  for (const path of files) {
    const module = (await import(pathToFileURL(path).href)) as {
      default?: unknown;
      variants?: readonly unknown[];
    };
    for (const family of [module.default, ...(module.variants ?? [])]) {
      if (!isFamily(family) || families.has(family.family)) {
        throw new UmbelError(
          "ERR_INTERNAL",
          `Expected ${path} to export a model family of its own by default, got none or a second one.`,
        );
      }
      families.set(family.family, family);
    }
  }
  return [...families.values()];
}

function isFamily(value: unknown): value is AnyFamily {
  return (
    typeof value === "object" &&
    value !== null &&
    "family" in value &&
    "detect" in value &&
    "tensors" in value &&
    "namings" in value
  );
}
