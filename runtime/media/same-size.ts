import { UmbelError } from "#runtime/errors";
import type { Frames } from "#runtime/sdk/values";

/** Throws ERR_SHAPE unless both clips have one size and number of frames. */
export function checkSameSize(a: Frames, b: Frames): void {
  if (a.count === b.count && a.width === b.width && a.height === b.height) return;
  throw new UmbelError(
    "ERR_SHAPE",
    `Expected two clips of one size, got ${describe(a)} and ${describe(b)}.`,
  );
}

function describe(frames: Frames): string {
  return `${frames.count} frames of ${frames.width}x${frames.height}`;
}
