/** Convolutions of autoencoders that repeat the border: the first frame in front, the outermost pixels around. */
import type { Weights } from "#runtime/sdk/model";
import { cat, conv3d } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { channelsLast } from "./video-stream.ts";

export interface EdgeConvOptions {
  readonly stride?: readonly [t: number, h: number, w: number];
  /** Added to the result; has its shape. */
  readonly residual?: Tensor;
}

/**
 * A causal convolution of x [T, H, W, C] with `name`.weight [out, in, kt, kh, kw] and `name`.bias, of odd kernels: the
 * first frame stands kt - 1 times in front of the clip, nothing behind it, each border pixel (k - 1) / 2 times outside.
 */
export function edgeConv(
  weights: Weights,
  name: string,
  x: Tensor,
  { stride = [1, 1, 1], residual }: EdgeConvOptions = {},
): Tensor {
  const weight = weights.get(`${name}.weight`, channelsLast);
  const [, frames = 1, height = 1, width = 1] = weight.shape;
  return scope(() => {
    const padded = repeatEdges(repeatEdges(x, 1, (height - 1) / 2), 2, (width - 1) / 2);
    const first = padded.slice(0, 0, 1);
    const before =
      frames === 1
        ? null
        : cat(
            Array.from({ length: frames - 1 }, () => first),
            0,
          );
    return conv3d(padded, weight, weights.get(`${name}.bias`), {
      stride,
      before,
      ...(residual === undefined ? {} : { residual }),
    });
  });
}

function repeatEdges(x: Tensor, axis: number, count: number): Tensor {
  if (count === 0) return x;
  const times = (edge: Tensor) => Array.from({ length: count }, () => edge.contiguous());
  return cat([...times(x.slice(axis, 0, 1)), x, ...times(x.slice(axis, -1))], axis);
}
