/** Clips of which some frames are known, as models that take pictures want them. */
import type { VaeLease } from "#runtime/sdk/model-access";
import type { NodeContext } from "#runtime/sdk/node";
import type { Conditioning, ConditioningPart, Frames, HostTensor } from "#runtime/sdk/values";
import { encodeFrames } from "./encode-frames.ts";

export interface KnownFrames {
  readonly width: number;
  readonly height: number;
  readonly length: number;
  /** Already of that size. */
  readonly start?: Frames;
  readonly end?: Frames;
  /** Frames that the mask calls known at the start; absent: those of `start` and what repeats the first. */
  readonly marked?: number;
}

export interface ClipCondition {
  /** [C, T, h, w] on the links' scale; unknown frames are grey. */
  readonly latent: HostTensor;
  /** [4, T, h, w], 1 where known: a latent frame's four frames, of which the first latent frame repeats one. */
  readonly mask: HostTensor;
}

const GREY = 0.5;

/** Channels of the mask: frames of a latent frame. */
const FRAMES = 4;

export async function encodeKnownFrames(
  context: NodeContext,
  lease: VaeLease,
  known: KnownFrames,
): Promise<ClipCondition> {
  const { width, height, length, start, end } = known;
  const marked = start === undefined ? 0 : (known.marked ?? start.count + FRAMES - 1);
  const size = width * height * 3;
  const data = new Float32Array(length * size).fill(GREY);
  const endAt = length - (end?.count ?? 0);
  if (start !== undefined) data.set(colours(start));
  if (end !== undefined) data.set(colours(end), endAt * size);
  const clip = { data, count: length, width, height, channels: 3 } as const;
  const { samples } = await encodeFrames(context, lease, clip);
  const [, ...shape] = samples.shape;
  const [, frames = 0, h = 0, w = 0] = shape;
  const plane = h * w;
  const mask = new Float32Array(FRAMES * frames * plane);
  const mark = (frame: number) => {
    const at = (frame % FRAMES) * frames + Math.floor(frame / FRAMES);
    mask.fill(1, at * plane, (at + 1) * plane);
  };
  const padded = frames * FRAMES;
  for (let i = 0; i < Math.min(padded, marked); i++) mark(i);
  for (let i = padded - (end?.count ?? 0); i < padded; i++) if (i >= 0) mark(i);
  return {
    latent: { data: samples.data, shape },
    mask: { data: mask, shape: [FRAMES, frames, h, w] },
  };
}

/** The first three channels. */
function colours({ data, channels }: Frames): Float32Array {
  if (channels === 3) return data;
  const pixels = data.length / channels;
  const result = new Float32Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) result[i * 3 + c] = data[i * channels + c] ?? 0;
  }
  return result;
}

/** A prompt with further inputs beside it. */
export function withExtra(
  conditioning: Conditioning,
  extra: ConditioningPart["extra"],
): Conditioning {
  return conditioning.map((part) => ({ ...part, extra: { ...part.extra, ...extra } }));
}

/** Rows of one matrix after those of another. */
export function joinRows(a: HostTensor, b: HostTensor): HostTensor {
  const data = new Float32Array(a.data.length + b.data.length);
  data.set(a.data);
  data.set(b.data, a.data.length);
  return { data, shape: [(a.shape[0] ?? 0) + (b.shape[0] ?? 0), ...a.shape.slice(1)] };
}
