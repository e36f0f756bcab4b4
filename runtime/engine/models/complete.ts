import { UmbelError } from "#runtime/errors";
import { shapeText } from "#runtime/tensor/layout";
import type { DetectedModel } from "./detect.ts";

const SHOWN = 4;

/** Throws ERR_MISSING_TENSOR or ERR_CHECKPOINT unless a file holds every tensor of its model in the right shape. */
export function checkComplete({ part, family, missing, mismatched }: DetectedModel): void {
  const { path } = part.file;
  const [wrong] = mismatched;
  if (wrong !== undefined) {
    throw new UmbelError(
      "ERR_CHECKPOINT",
      `${path}: tensor "${wrong.name}": Expected shape ${shapeText(wrong.expected)} for ${family.title}, got ` +
        `${shapeText(wrong.found)}${mismatched.length > 1 ? ` (and ${mismatched.length - 1} more)` : ""}.`,
    );
  }
  if (missing.length > 0) {
    const more = missing.length > SHOWN ? ` and ${missing.length - SHOWN} more` : "";
    throw new UmbelError(
      "ERR_MISSING_TENSOR",
      `${path}: Expected every tensor of ${family.title}, got a file without ` +
        `${missing.slice(0, SHOWN).join(", ")}${more}. It may be one shard of several, or an unfinished conversion.`,
    );
  }
}

/** A note about tensors that nothing uses; null when there are none. */
export function unknownNote({ part, family, unknown }: DetectedModel): string | null {
  if (unknown.length === 0 || part.prefix !== "") return null;
  const names = unknown.slice(0, 3).join(", ");
  return `${part.file.path}: ${unknown.length} tensors are unknown to ${family.title} and not used (${names}).`;
}
