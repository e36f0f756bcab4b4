import type { Frames } from "#runtime/sdk/values";
import { latentNoise } from "./noise.ts";

/**
 * Pictures with normal noise of a deviation on the scale of -1..1, the same each time; black stays as it is, as in the
 * reference videos that Wan's image to video was trained with.
 */
export function noisyFrames(frames: Frames, strength: number): Frames {
  if (strength <= 0) return frames;
  const noise = latentNoise([1, frames.data.length], 0n);
  const data = frames.data.map((value, i) =>
    value === 0 ? value : value + ((noise[i] ?? 0) * strength) / 2,
  );
  return { ...frames, data };
}
