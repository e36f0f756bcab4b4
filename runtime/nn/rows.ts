/** Rows of a picture that is worked off in horizontal stripes. Activations are [frames, height, width, channels]. */
import type { Layer } from "./video-stream.ts";

export interface Rows {
  readonly from: number;
  readonly to: number;
  /** Rows of the whole picture. */
  readonly of: number;
}

export function allRows(of: number): Rows {
  return { from: 0, to: of, of };
}

/** Stripes of about equal height and at most `pixels` pixels, but at least one row. */
export function stripesOf(height: number, width: number, pixels: number): Rows[] {
  const count = Math.min(height, Math.max(1, Math.ceil((height * width) / pixels)));
  const edge = (i: number): number => Math.floor((i * height) / count);
  return Array.from({ length: count }, (_, i) => ({ from: edge(i), to: edge(i + 1), of: height }));
}

/** With `reach` rows on either side, as far as there are any. */
export function grow({ from, to, of }: Rows, reach: number): Rows {
  return { from: Math.max(0, from - reach), to: Math.min(of, to + reach), of };
}

/** The rows of a picture of half the height that lie under them. */
export function halfRows({ from, to, of }: Rows): Rows {
  return { from: Math.floor(from / 2), to: Math.ceil(to / 2), of: of / 2 };
}

export function doubleRows({ from, to, of }: Rows): Rows {
  return { from: 2 * from, to: 2 * to, of: 2 * of };
}

/** Leaves `wanted` of the rows that come in. */
export function cropRows(given: Rows, wanted: Rows): Layer {
  if (given.from === wanted.from && given.to === wanted.to) return (x) => x;
  return (x) => x.slice(1, wanted.from - given.from, wanted.to - given.from).contiguous();
}
