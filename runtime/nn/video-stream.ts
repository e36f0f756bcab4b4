/**
 * What causal video autoencoders share: a video passes in pieces while each convolution keeps the tail of its own past
 * input. Activations are [frames, height, width, channels].
 */
import type { WeightPreparation, Weights } from "#runtime/sdk/model";
import { cat, conv3d } from "#runtime/tensor/ops";
import { keep, scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { replace } from "./replace.ts";

/** [out, in, (t,) h, w] -> [out, t, h, w, in] */
export const channelsLast: WeightPreparation = {
  key: "channels-last",
  apply(weight) {
    const [out = 0, input = 0, ...kernel] = weight.shape;
    const [t, h, w] = kernel.length === 3 ? kernel : [1, ...kernel];
    return weight
      .reshape([out, input, t ?? 1, h ?? 1, w ?? 1])
      .permute([0, 2, 3, 4, 1])
      .contiguous();
  },
};

/** What a half of the network remembers while a video passes through it; belongs to one video (or tile of it). */
export class VideoStream implements Disposable {
  readonly weights: Weights;
  /** Last input frames of each causal convolution. */
  readonly #tails = new Map<string, Tail>();
  readonly #started = new Set<string>();

  constructor(weights: Weights) {
    this.weights = weights;
  }

  tail(name: string): Tail | undefined {
    return this.#tails.get(name);
  }

  /** Takes over tensors of its own. */
  setTail(name: string, tail: Tail): void {
    this.#free(name);
    for (const part of tailParts(tail)) keep(part);
    this.#tails.set(name, tail);
  }

  /** True at the first call with this name only. */
  starts(name: string): boolean {
    if (this.#started.has(name)) return false;
    this.#started.add(name);
    return true;
  }

  #free(name: string): void {
    for (const part of tailParts(this.#tails.get(name))) part[Symbol.dispose]();
    this.#tails.delete(name);
  }

  [Symbol.dispose](): void {
    for (const name of this.#tails.keys()) this.#free(name);
  }
}

/** Frames in front of the next ones, in one or two parts, the older first: frames that came one by one stay apart. */
export type Tail = Tensor | readonly [Tensor, Tensor];

export function tailParts(tail: Tail | undefined): readonly Tensor[] {
  if (tail === undefined) return [];
  return "length" in tail ? tail : [tail];
}

export type Layer = (x: Tensor) => Tensor;

/** A causal convolution over 3 frames: zeros stand before the video, later the frames that were seen. */
export function causalConv(
  stream: VideoStream,
  name: string,
  x: Tensor,
  residual?: Tensor,
): Tensor {
  const { weights } = stream;
  const weight = weights.get(`${name}.weight`, channelsLast);
  const [, , kernelHeight = 1, kernelWidth = 1] = weight.shape;
  const h = (kernelHeight - 1) / 2;
  const w = (kernelWidth - 1) / 2;
  const before = stream.tail(name);
  const y = conv3d(x, weight, weights.get(`${name}.bias`), {
    padding: [before === undefined ? 2 : 0, 0, h, h, w, w],
    ...(before === undefined ? {} : { before }),
    ...(residual === undefined ? {} : { residual }),
  });
  stream.setTail(name, lastTwo(weights, x, before));
  return y;
}

/** The last two of the frames seen so far, zeros standing before the first; they share the memory of what they are of. */
function lastTwo(weights: Weights, x: Tensor, before: Tail | undefined): Tail {
  const [frames = 0, ...rest] = x.shape;
  if (frames >= 2) return x.slice(0, frames - 2);
  const newest = tailParts(before).at(-1);
  const previous = newest?.slice(0, -1) ?? weights.device.zeros([1, ...rest], x.dtype);
  return [previous, x.slice(0, 0)];
}

/** Layers between which the number of frames changes. */
export interface Segment {
  readonly layers: Layer[];
  /** All frames have to pass together; elsewhere each may pass alone, since every layer remembers the past it needs. */
  readonly together: boolean;
}

function runLayers(layers: readonly Layer[], x: Tensor): Tensor {
  return layers.reduce((y, layer) => (y === x ? scope(() => layer(y)) : replace(y, layer)), x);
}

/** Frees `x`. With `alone`, at most one frame's activations are held where the frames are not needed together. */
export function runSegments(segments: readonly Segment[], x: Tensor, alone: boolean): Tensor {
  return segments.reduce(
    (state, { layers, together }) =>
      replace(state, (y) => {
        const frames = y.shape[0] ?? 0;
        if (together || !alone || frames === 1) return runLayers(layers, y);
        const each = Array.from({ length: frames }, (_, i) => y.slice(0, i, i + 1));
        return cat(
          each.map((frame) => runLayers(layers, frame)),
          0,
        );
      }),
    x,
  );
}
