/** Convolutions of autoencoders that repeat the border: the first frame in front, the outermost pixels around. */
import type { Weights } from "#runtime/sdk/model";
import { cat, conv3d, copy } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { replace } from "./replace.ts";
import { channelsLast, tailParts, type Tail, type VideoStream } from "./video-stream.ts";

export interface EdgeConvOptions {
  readonly stride?: readonly [t: number, h: number, w: number];
  /** Added to the result; has its shape. */
  readonly residual?: Tensor;
  /** Whether x is freed as soon as its border stands around it. */
  readonly frees?: boolean;
  /** Where a clip that comes in pieces keeps the frames that it ended with before. */
  readonly stream?: VideoStream;
}

/**
 * A causal convolution of x [T, H, W, C] with `name`.weight [out, in, kt, kh, kw] and `name`.bias: the first frame stands
 * kt - 1 times in front of the clip, nothing behind it, each border pixel floor((k - 1) / 2) times outside.
 */
export function edgeConv(
  weights: Weights,
  name: string,
  x: Tensor,
  { stride = [1, 1, 1], residual, frees = false, stream }: EdgeConvOptions = {},
): Tensor {
  const weight = weights.get(`${name}.weight`, channelsLast);
  const [, frames = 1, height = 1, width = 1] = weight.shape;
  const edge = (kernel: number) => Math.floor((kernel - 1) / 2);
  return scope(() => {
    const own = x.slice(0, 0);
    if (frees) x[Symbol.dispose]();
    const high = replace(own, (y) => repeatEdges(y, 1, edge(height)));
    const padded = replace(high, (y) => repeatEdges(y, 2, edge(width)));
    const before = frames === 1 ? null : (stream?.tail(name) ?? repeatFirst(padded, frames - 1));
    const y = conv3d(padded, weight, weights.get(`${name}.bias`), {
      stride,
      before,
      ...(residual === undefined ? {} : { residual }),
    });
    if (stream !== undefined && before !== null) {
      stream.setTail(name, tailOf(padded, before, frames - 1));
    }
    return y;
  });
}

/** The last `count` frames of all that were seen. A frame that came alone is not copied together with the one before it. */
function tailOf(x: Tensor, before: Tail, count: number): Tail {
  const frames = x.shape[0] ?? 0;
  const newest = tailParts(before).at(-1);
  if (count === 2 && frames === 1 && newest !== undefined)
    return [newest.slice(0, -1), x.slice(0, 0)];
  const seen = frames < count ? cat([...tailParts(before), x], 0) : x;
  return copy(seen.slice(0, -count));
}

function repeatFirst(x: Tensor, count: number): Tensor {
  const first = x.slice(0, 0, 1);
  return cat(
    Array.from({ length: count }, () => first),
    0,
  );
}

function repeatEdges(x: Tensor, axis: number, count: number): Tensor {
  if (count === 0) return x;
  const times = (edge: Tensor) => Array.from({ length: count }, () => edge.contiguous());
  return cat([...times(x.slice(axis, 0, 1)), x, ...times(x.slice(axis, -1))], axis);
}
