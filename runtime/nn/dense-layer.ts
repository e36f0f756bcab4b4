import { linear } from "#runtime/tensor/ops";
import type { Activation } from "#runtime/tensor/ops";
import type { DType, Tensor } from "#runtime/tensor/tensor";

/** Where a layer finds its weights; a model's `Weights` is one. */
export interface NamedWeights {
  has(name: string): boolean;
  get(name: string): Tensor;
}

/**
 * x W^T + b with `name`.weight [out, in] and, where the checkpoint has one, `name`.bias [out]: [..., in] -> [..., out].
 * `dtype` as for `linear`. Throws ERR_MISSING_TENSOR.
 */
export function denseLayer(
  weights: NamedWeights,
  name: string,
  x: Tensor,
  activation: Activation = "none",
  dtype?: DType,
): Tensor {
  const bias = `${name}.bias`;
  return linear(
    x,
    weights.get(`${name}.weight`),
    weights.has(bias) ? weights.get(bias) : null,
    activation,
    dtype,
  );
}
