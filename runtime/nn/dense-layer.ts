import {
  linear,
  linearGatedResidual,
  linearScaled,
  linearScaledGatedResidual,
} from "#runtime/tensor/ops";
import type { Activation, Target } from "#runtime/tensor/ops";
import { scalesName, type ScaledWeight } from "#runtime/tensor/scaled-weight";
import type { Tensor } from "#runtime/tensor/tensor";

/** Where a layer finds its weights; a model's `Weights` is one. */
export interface NamedWeights {
  has(name: string): boolean;
  get(name: string): Tensor;
}

/**
 * x W^T + b with `name`.weight [out, in], float8 with scales where `name`.weight_scale is there, and, where the checkpoint
 * has one, `name`.bias [out]: [..., in] -> [..., out]. `to` as for `linear`. Throws ERR_MISSING_TENSOR.
 */
export function denseLayer(
  weights: NamedWeights,
  name: string,
  x: Tensor,
  activation: Activation = "none",
  to?: Target,
): Tensor {
  const { weight, scaled, bias } = layerOf(weights, name);
  return scaled === null
    ? linear(x, weight, bias, activation, to)
    : linearScaled(x, scaled, bias, activation, to);
}

/** Outputs `from` to `to` of the same layer, for one that stands for several. */
export function denseRows(
  weights: NamedWeights,
  name: string,
  x: Tensor,
  [from, to]: readonly [from: number, to: number],
  activation: Activation = "none",
  target?: Target,
): Tensor {
  const layer = layerOf(weights, name);
  const rows = (tensor: Tensor) => tensor.slice(0, from, to);
  const bias = layer.bias === null ? null : rows(layer.bias);
  if (layer.scaled === null) return linear(x, rows(layer.weight), bias, activation, target);
  const { values, scales } = layer.scaled;
  return linearScaled(x, { values: rows(values), scales: rows(scales) }, bias, activation, target);
}

/** residual + gate (x W^T + b) of the same weights: residual [..., out], gate [out] or like it. `into` may be the residual. */
export function gatedDenseLayer(
  weights: NamedWeights,
  name: string,
  x: Tensor,
  residual: Tensor,
  gate: Tensor,
  into?: Tensor,
): Tensor {
  const { weight, scaled, bias } = layerOf(weights, name);
  return scaled === null
    ? linearGatedResidual(x, weight, bias, residual, gate, into)
    : linearScaledGatedResidual(x, scaled, bias, residual, gate, into);
}

interface Layer {
  readonly weight: Tensor;
  readonly scaled: ScaledWeight | null;
  readonly bias: Tensor | null;
}

function layerOf(weights: NamedWeights, name: string): Layer {
  const bias = `${name}.bias`;
  const scales = scalesName(`${name}.weight`);
  const weight = weights.get(`${name}.weight`);
  return {
    weight,
    scaled: weights.has(scales) ? { values: weight, scales: weights.get(scales) } : null,
    bias: weights.has(bias) ? weights.get(bias) : null,
  };
}
