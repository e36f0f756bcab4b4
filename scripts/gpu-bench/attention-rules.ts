/** Rules over several attention figures of one run. */
import type { Figure } from "./bounds.ts";

export interface Rule {
  readonly title: string;
  readonly said: string;
  readonly holds: boolean;
}

/** Of the rate at less work, what more work has to reach. */
const STEEPEST = 0.9;

interface Point {
  readonly tokens: number;
  readonly density: number;
  readonly rate: number;
}

/**
 * Time follows active tiles: from one length to the next at about the same density, and from one density to the next at the
 * same length, the rate on active tiles falls by at most a tenth. Small work that does not fill the GPU may be slower.
 */
export function cliffs(figures: readonly Figure[]): readonly Rule[] {
  const points = sweep(figures);
  if (points.length === 0) return [];
  const falls = points.flatMap((point) => {
    const before = [
      nearest(points, (one) => one.tokens === point.tokens && one.density < point.density),
      nearest(points, (one) => one.tokens < point.tokens && isAlike(one, point)),
    ];
    return before
      .filter((one) => one !== undefined)
      .map((one) => ({ from: one, to: point, share: point.rate / one.rate }));
  });
  const worst = falls.toSorted((a, b) => a.share - b.share)[0];
  if (worst === undefined) return [];
  const place = ({ tokens, density }: Point) => `${tokens} at ${(100 * density).toFixed(0)} %`;
  return [
    {
      title: "attention sweep, largest fall of the rate",
      said: `${worst.share.toFixed(3)} from ${place(worst.from)} to ${place(worst.to)}, >= ${STEEPEST}`,
      holds: worst.share >= STEEPEST,
    },
  ];
}

/** The portable path is as fast on the active tiles of a radial mask as the share of FlashAttention-2 that it owes dense. */
export function attentionShares(figures: readonly Figure[]): readonly Rule[] {
  const flash = figures.findLast(
    (one) =>
      one["name"] === "attention_dense" && one["impl"] === "flash2" && one["tokens"] === 69_120,
  );
  const sparse = figures.findLast(
    (one) =>
      one["name"] === "attention radial" &&
      one["attentionPath"] === "portable" &&
      one["tokens"] === 69_120,
  );
  if (flash === undefined || sparse === undefined) return [];
  const share = Number(sparse["teraflops"]) / Number(flash["tflops"]);
  return [
    {
      title: "radial attention, portable path, active tiles",
      said: `${share.toFixed(3)} of FlashAttention-2's rate, >= ${LEAST_SHARE}`,
      holds: share >= LEAST_SHARE,
    },
  ];
}

const LEAST_SHARE = 0.95;

function sweep(figures: readonly Figure[]): readonly Point[] {
  return figures
    .filter((one) => one["name"] === "attention sweep" && typeof one["teraflops"] === "number")
    .map((one) => ({
      tokens: Number(one["tokens"]),
      density: Number(one["density"]),
      rate: Number(one["teraflops"]),
    }))
    .toSorted((a, b) => a.tokens - b.tokens || a.density - b.density);
}

/** The last of those in order of length and density. */
function nearest(points: readonly Point[], isBefore: (point: Point) => boolean): Point | undefined {
  return points.findLast(isBefore);
}

/** Blocks are whole, so that a short length misses the density that was asked for. */
function isAlike(a: Point, b: Point): boolean {
  return Math.abs(a.density / b.density - 1) < 0.1;
}
