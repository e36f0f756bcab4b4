import { readFileSync } from "node:fs";
import { UmbelError } from "#runtime/errors";
import type { LatentColours } from "#runtime/sdk/model";

/** A model whose latents have other colours than its family's says so in a file beside it. */
export function coloursPath(checkpoint: string): string {
  return checkpoint.replace(/\.[^./\\]+$/, "") + ".preview.json";
}

/** Null when there is no such file. Throws ERR_CHECKPOINT when it says something else than colours. */
export function readLatentColours(checkpoint: string, channels: number): LatentColours | null {
  const path = coloursPath(checkpoint);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return null;
  }
  const found = parsed(text);
  if (isColours(found, channels)) return found;
  throw new UmbelError(
    "ERR_CHECKPOINT",
    `Expected rgb, ${channels} rows of three numbers, rgbBias and maybe first in ${path}, got something else. ` +
      "Previews are shown in the colours of the model's family.",
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isColours(value: unknown, channels: number): value is LatentColours {
  if (typeof value !== "object" || value === null) return false;
  const { rgb, rgbBias, first } = value as Record<string, unknown>;
  if (first !== undefined && !isColours(first, channels)) return false;
  return Array.isArray(rgb) && rgb.length === channels && rgb.every(isTriple) && isTriple(rgbBias);
}

function isTriple(value: unknown): boolean {
  return Array.isArray(value) && value.length === 3 && value.every(Number.isFinite);
}
