/**
 * Overlapping tiles along several axes, blended by ramps. A tile's weight at a point is the product of one number an
 * axis, and the sum over all tiles is the product of the axes' sums, so every axis is normalised by itself. Positions
 * and ramps are those of ComfyUI's tiled_scale_multidim.
 */

/** One tile along one axis: where it reads, where its result goes and how much each point of it counts. */
export interface TileSpan {
  readonly from: number;
  readonly length: number;
  readonly to: number;
  readonly weights: Float32Array;
}

/** How sizes and positions of the input turn into those of the output. */
export interface AxisScale {
  size(length: number): number;
  position(from: number): number;
}

/**
 * Tiles that cover `length`, neighbours sharing `wanted` (at most all but one of a tile's points); a single one when it
 * all fits into `tile`.
 */
export function tileSpans(
  length: number,
  tile: number,
  wanted: number,
  scale: AxisScale,
): TileSpan[] {
  const overlap = Math.min(wanted, tile - 1);
  const starts = [0];
  if (length > tile) {
    const step = tile - overlap;
    for (let from = step; from < length - overlap; from += step) starts.push(from);
  }
  const raw = starts.map((from) => {
    const size = Math.min(tile, length - from);
    const ramp = starts.length === 1 ? 0 : scale.size(overlap);
    return {
      from,
      length: size,
      to: scale.position(from),
      weights: rampedWeights(scale.size(size), ramp),
    };
  });
  const total = new Float32Array(scale.size(length));
  for (const { to, weights } of raw) weights.forEach((w, i) => (total[to + i]! += w));
  return raw.map((span) => ({
    ...span,
    weights: span.weights.map((w, i) => w / total[span.to + i]!),
  }));
}

/** 1 in the middle, rising over `ramp` points from both ends; no ramp when the tile is no longer than it. */
function rampedWeights(length: number, ramp: number): Float32Array {
  const weights = new Float32Array(length).fill(1);
  if (ramp >= length) return weights;
  for (let i = 0; i < ramp; i++) {
    weights[i]! *= (i + 1) / ramp;
    weights[length - 1 - i]! *= (i + 1) / ramp;
  }
  return weights;
}

/** A row-major array [n0, n1, n2, channels] that tiles are added to. */
export interface BlendTarget {
  readonly data: Float32Array;
  readonly shape: readonly [number, number, number, number];
}

/** Adds a tile that begins at `at`; `weights` hold a number for each of its points along an axis. */
export function addTile(
  target: BlendTarget,
  tile: BlendTarget,
  at: readonly [number, number, number],
  weights: readonly [Float32Array, Float32Array, Float32Array],
): void {
  const [, rows, columns, channels] = target.shape;
  const [n0, n1, n2] = tile.shape;
  for (let i = 0, from = 0; i < n0; i++) {
    for (let j = 0; j < n1; j++) {
      const outer = weights[0][i]! * weights[1][j]!;
      let to = (((at[0] + i) * rows + at[1] + j) * columns + at[2]) * channels;
      for (let k = 0; k < n2; k++) {
        const weight = outer * weights[2][k]!;
        for (let c = 0; c < channels; c++) target.data[to++]! += weight * tile.data[from++]!;
      }
    }
  }
}
