/** Sizes of a clip that would fit where a larger one does not. */
import type { LatentGeometry } from "#runtime/sdk/model";

export type ClipShape = readonly number[];

/** Smaller than this no one wants a clip, as a share of each edge. */
const LEAST_SCALE = 1 / 4;
const STEPS = 16;

/** "1280x768 and 69 frames", of a latent [C, T, h, w]. */
export function clipSize(geometry: LatentGeometry, [, t = 1, h = 0, w = 0]: ClipShape): string {
  const { spatialFactor, temporalFactor } = geometry;
  return `${w * spatialFactor}x${h * spatialFactor} and ${temporalFactor * (t - 1) + 1} frames`;
}

/** The longest clip of the size, and the largest of the length, for which `fits` holds; null where there is neither. */
export function whatFits(
  geometry: LatentGeometry,
  shape: ClipShape,
  fits: (shape: ClipShape) => boolean,
): string | null {
  const [channels = 0, t = 1, h = 0, w = 0] = shape;
  const found: string[] = [];
  const frames = largest(1, t - 1, (count) => fits([channels, count, h, w]));
  if (frames !== null) found.push(clipSize(geometry, [channels, frames, h, w]));
  const scaled = (step: number): ClipShape => [channels, t, even(h, step), even(w, step)];
  const step = largest(STEPS * LEAST_SCALE, STEPS - 1, (n) => fits(scaled(n)));
  if (step !== null) found.push(clipSize(geometry, scaled(step)));
  return found.length === 0 ? null : found.join(", or ");
}

/** Latent edges are cut into patches of two. */
function even(length: number, step: number): number {
  return Math.max(2, 2 * Math.floor((length * step) / STEPS / 2));
}

/** The largest of `from` to `to` for which a condition holds that holds for all below it too. */
function largest(from: number, to: number, holds: (n: number) => boolean): number | null {
  let low = from - 1;
  let high = to;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low < from ? null : low;
}
