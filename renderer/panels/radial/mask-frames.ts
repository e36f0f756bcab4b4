/** From the blocks of a mask to pairs of latent frames: what people point at, and what the arcs and bars show. */
import type { MaskReport } from "#runtime/protocol/service-values";

type Extent = Pick<MaskReport, "blocks" | "tokens" | "tokensPerFrame" | "latentFrames">;

/** Bits of a whole number: 0, 1, 2, 2, 3, ... The pattern halves with each. */
export function bitLength(value: number): number {
  return 32 - Math.clz32(value);
}

/** Share of blocks kept for each pair of frames, row-major: query frames down. */
export function frameShares(mask: MaskReport, block: number): Float32Array {
  const frames = mask.latentFrames;
  const shares = new Float32Array(frames * frames);
  const kept = keptBefore(mask);
  const side = mask.blocks + 1;
  const ranges = Array.from({ length: frames }, (_, frame) => blocksOfFrame(mask, block, frame));
  ranges.forEach((rows, i) => {
    ranges.forEach((columns, j) => {
      const sum =
        (kept[rows.end * side + columns.end] ?? 0) -
        (kept[rows.start * side + columns.end] ?? 0) -
        (kept[rows.end * side + columns.start] ?? 0) +
        (kept[rows.start * side + columns.start] ?? 0);
      shares[i * frames + j] = sum / ((rows.end - rows.start) * (columns.end - columns.start));
    });
  });
  return shares;
}

/** Kept blocks above and left of each corner, so that any rectangle is four look-ups. */
function keptBefore({ blocks, kept }: MaskReport): Int32Array {
  const side = blocks + 1;
  const sums = new Int32Array(side * side);
  for (let row = 0; row < blocks; row++) {
    let line = 0;
    for (let column = 0; column < blocks; column++) {
      line += kept[row * blocks + column] ?? 0;
      sums[(row + 1) * side + column + 1] = (sums[row * side + column + 1] ?? 0) + line;
    }
  }
  return sums;
}

/** Blocks that hold tokens of a frame, the end excluded. */
export function blocksOfFrame(
  mask: Extent,
  block: number,
  frame: number,
): { readonly start: number; readonly end: number } {
  const start = Math.floor((frame * mask.tokensPerFrame) / block);
  const end = Math.ceil(((frame + 1) * mask.tokensPerFrame) / block);
  return {
    start: Math.min(start, mask.blocks - 1),
    end: Math.min(Math.max(end, start + 1), mask.blocks),
  };
}

/** Latent frame of the token in a block's middle. Text, behind the video, counts to the last frame. */
export function frameOfBlock(mask: Extent, block: number, index: number): number {
  const frame = Math.floor(((index + 0.5) * block) / mask.tokensPerFrame);
  return Math.min(mask.latentFrames - 1, frame);
}

export interface DistanceShare {
  readonly distance: number;
  /** 0..1. */
  readonly share: number;
}

/** Mean share kept at distances 0, 1, 2, 4, ...; pairs with the first frame, which all may see, are left out. */
export function sharesByDistance(shares: Float32Array, frames: number): DistanceShare[] {
  const distances = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512].filter((d) => d === 0 || d < frames);
  return distances.flatMap((distance) => {
    let sum = 0;
    let pairs = 0;
    for (let i = Math.max(1, distance); i < frames; i++) {
      for (const [query, key] of distance === 0
        ? [[i, i]]
        : [
            [i, i - distance],
            [i - distance, i],
          ]) {
        if (query === undefined || key === undefined || key === 0) continue;
        sum += shares[query * frames + key] ?? 0;
        pairs++;
      }
    }
    return pairs === 0 ? [] : [{ distance, share: sum / pairs }];
  });
}

export interface PairWords {
  readonly title: string;
  readonly reach: string;
  readonly kept: string;
}

export interface PairSettings {
  readonly decay: number;
  readonly block: 64 | 128;
  readonly kind: "wan" | "hunyuan";
}

/** Says what a query frame sees of a key frame; both are latent frames, counted from 0. */
export function pairWords(
  mask: Extent,
  shares: Float32Array,
  settings: PairSettings,
  pair: readonly [query: number, key: number],
): PairWords {
  const [query, key] = pair;
  const distance = Math.abs(query - key);
  const share = shares[query * mask.latentFrames + key] ?? 0;
  return {
    title: `Frame ${query} looks at frame ${key}`,
    reach: `${apart(distance)} · ${windowWords(mask.tokensPerFrame, settings, distance, key)}`,
    kept: `${Math.round(share * 100)} % of their blocks kept`,
  };
}

function apart(distance: number): string {
  if (distance === 0) return "The same frame";
  return `${distance} ${distance === 1 ? "frame" : "frames"} apart`;
}

/** The published rule, see runtime/attention/radial.ts: windows halve with the bit length of the distance. */
function windowWords(
  tokens: number,
  settings: PairSettings,
  distance: number,
  key: number,
): string {
  if (key === 0 && settings.kind === "wan") return "first frame, always kept";
  if (distance <= 1) return `all of ${tokens.toLocaleString("en")} tokens`;
  const reach = 2 ** (bitLength(tokens) - bitLength(distance));
  if (reach < 128 && distance % Math.floor(128 / reach) !== 0) return "left out at this distance";
  const window = Math.floor(Math.max(settings.block, reach * settings.decay));
  return `window ${window.toLocaleString("en")} of ${tokens.toLocaleString("en")} tokens`;
}
