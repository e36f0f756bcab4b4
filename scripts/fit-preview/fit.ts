import { solve } from "#runtime/sampling/linear-system";
import type { LatentGeometry, LatentMap } from "#runtime/sdk/model";
import type { HostTensor } from "#runtime/sdk/values";
import type { ClipSize } from "./clips.ts";

export interface Sample {
  /** [1, C, T, h, w], model scale. */
  readonly latent: HostTensor;
  /** [T, h, w, 3] in -1..1: the frames that each latent pixel stands for, averaged. */
  readonly pixels: Float64Array;
}

/** Latent frames that share a map: the first one, or all others. */
export type Part = "first" | "rest";

/** Frames [n, H, W, 3] averaged down to the latent's grid: the first frame alone, then a group at a time. */
export function smallFrames(
  frames: Float32Array,
  { width, height, length }: ClipSize,
  { spatialFactor: factor, temporalFactor }: LatentGeometry,
): Float64Array {
  const [w, h] = [width / factor, height / factor];
  const result = new Float64Array(((length - 1) / temporalFactor + 1) * h * w * 3);
  for (let frame = 0; frame < length; frame++) {
    const group = Math.ceil(frame / temporalFactor);
    const share = 1 / (factor * factor * (frame === 0 ? 1 : temporalFactor));
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const from = ((frame * height + y) * width + x) * 3;
        const to = ((group * h + Math.floor(y / factor)) * w + Math.floor(x / factor)) * 3;
        for (let c = 0; c < 3; c++) result[to + c]! += frames[from + c]! * share;
      }
    }
  }
  return result;
}

/** Least squares by the normal equations; the last unknown is the bias. */
export function fitColours(samples: readonly Sample[], part: Part): LatentMap {
  const unknowns = samples[0]!.latent.shape[1]! + 1;
  const normal = Array.from({ length: unknowns }, () => Array.from({ length: unknowns }, () => 0));
  const right = [0, 1, 2].map(() => Array.from({ length: unknowns }, () => 0));
  for (const sample of samples) {
    for (const i of pixelsOf(sample, part)) {
      const row = pixelRow(sample, i);
      for (let a = 0; a < unknowns; a++) {
        for (let b = 0; b < unknowns; b++) normal[a]![b]! += row[a]! * row[b]!;
        for (let c = 0; c < 3; c++) right[c]![a]! += row[a]! * sample.pixels[i * 3 + c]!;
      }
    }
  }
  const solved = right.map((side) => solve(normal, side).map((value) => Number(value.toFixed(4))));
  const triple = (at: number) => [solved[0]![at]!, solved[1]![at]!, solved[2]![at]!] as const;
  return {
    rgb: Array.from({ length: unknowns - 1 }, (_, channel) => triple(channel)),
    rgbBias: triple(unknowns - 1),
  };
}

export function rootMeanSquare(
  samples: readonly Sample[],
  part: Part,
  { rgb, rgbBias }: LatentMap,
): number {
  let sum = 0;
  let count = 0;
  for (const sample of samples) {
    for (const i of pixelsOf(sample, part)) {
      const row = pixelRow(sample, i);
      for (let c = 0; c < 3; c++) {
        const shown = rgb.reduce((value, map, at) => value + map[c]! * row[at]!, rgbBias[c]!);
        sum += (shown - sample.pixels[i * 3 + c]!) ** 2;
        count++;
      }
    }
  }
  return Math.sqrt(sum / count);
}

function* pixelsOf({ latent, pixels }: Sample, part: Part): Generator<number> {
  const first = latent.shape[3]! * latent.shape[4]!;
  const [start, end] = part === "first" ? [0, first] : [first, pixels.length / 3];
  for (let i = start; i < end; i++) yield i;
}

/** The channels of one latent pixel, and the one that the bias is multiplied with. */
function pixelRow({ latent, pixels }: Sample, pixel: number): number[] {
  const plane = pixels.length / 3;
  const channels = latent.shape[1]!;
  return [...Array.from({ length: channels }, (_, c) => latent.data[c * plane + pixel]!), 1];
}
