/** Matrix products. Weights keep their stored type; the type of results: activation-type.ts. */
import { UmbelError } from "#runtime/errors";
import { typeLike } from "./activation-type.ts";
import { launch, launchAll, outputIn, outputTo, type Target } from "./launch.ts";
import { isFloat, type DType } from "./layout.ts";
import type { ScaledWeight } from "./scaled-weight.ts";
import {
  expectDType,
  expectFloat,
  expectRank,
  expectRowOrAll,
  expectShape,
  rows,
  shapeError,
  size,
} from "./shape-rules.ts";
import type { Tensor } from "./tensor.ts";

export type Activation = "none" | "gelu_tanh" | "silu" | "gelu";

const ACTIVATIONS: readonly Activation[] = ["none", "gelu_tanh", "silu", "gelu"];

function checkLinear(op: string, x: Tensor, weight: Tensor, bias: Tensor | null): number[] {
  expectFloat(op, x, weight, bias);
  expectRank(op, "the weight", weight, 2);
  if (x.rank === 0 || size(x, -1) !== size(weight, 1)) {
    shapeError(op, "x", `[..., ${size(weight, 1)}]`, x);
  }
  const width = size(weight, 0);
  if (bias !== null) expectShape(op, "the bias", bias, [width]);
  return [...x.shape.slice(0, -1), width];
}

function activationIndex(activation: Activation): number {
  const index = ACTIVATIONS.indexOf(activation);
  if (index >= 0) return index;
  throw new UmbelError(
    "ERR_INVALID_ARGUMENT",
    `Expected an activation of ${ACTIVATIONS.join(", ")}, got ${activation}.`,
  );
}

/** activation(x W^T + b): x [..., K], weight [N, K], bias [N]. `to` stores the result otherwise than x is. */
export function linear(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  activation: Activation = "none",
  to: Target = typeLike(x),
): Tensor {
  const shape = checkLinear("linear", x, weight, bias);
  return launch(
    "linear",
    {
      inputs: [x, weight, bias],
      attributes: [activationIndex(activation)],
      flops: 2 * rows(x) * weight.numel,
    },
    outputTo("linear", shape, to),
  );
}

/** residual + gate (x W^T + b): residual [..., N], gate [N] or like it. `into` takes the result; it may be the residual. */
export function linearGatedResidual(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  residual: Tensor,
  gate: Tensor,
  into?: Tensor,
): Tensor {
  const op = "linear_gated_residual";
  const shape = checkLinear(op, x, weight, bias);
  expectFloat(op, residual, gate);
  expectShape(op, "the residual", residual, shape);
  expectRowOrAll(op, "the gate", gate, residual);
  return launch(
    op,
    { inputs: [x, weight, bias, residual, gate], flops: 2 * rows(x) * weight.numel },
    outputIn(op, { shape, dtype: typeLike(residual) }, into),
  );
}

/**
 * x as float8 e4m3 with a scale a row, x = values * scale, the largest magnitude of a row 448: x [M, K] -> values [M, K],
 * scales [M] float32.
 */
export function quantizeRows(x: Tensor): ScaledWeight {
  const op = "quantize_rows";
  expectFloat(op, x);
  expectRank(op, "x", x, 2);
  const [values, scales] = launchAll(op, { inputs: [x] }, [
    { shape: x.shape, dtype: "f8_e4m3" },
    { shape: [size(x, 0)], dtype: "f32" },
  ]);
  if (values && scales) return { values, scales };
  throw new UmbelError("ERR_INTERNAL", `Expected ${op} to have two outputs.`);
}

function checkScaled(op: string, x: Tensor, weight: ScaledWeight, bias: Tensor | null): number[] {
  const shape = checkLinear(op, x, weight.values, bias);
  expectDType(op, "the weight", weight.values, "f8_e4m3");
  expectFloat(op, weight.scales);
  expectShape(op, "the scales", weight.scales, [size(weight.values, 0)]);
  return shape;
}

/**
 * `linear` with a weight of scaled float8. Where float8 is multiplied (the CPU, GPUs from sm_89 on) x is rounded as
 * `quantizeRows` does it.
 */
export function linearScaled(
  x: Tensor,
  weight: ScaledWeight,
  bias: Tensor | null,
  activation: Activation = "none",
  to: Target = typeLike(x),
): Tensor {
  const op = "linear_scaled";
  const shape = checkScaled(op, x, weight, bias);
  const { values, scales } = weight;
  return launch(
    op,
    {
      inputs: [x, values, scales, bias],
      attributes: [activationIndex(activation)],
      flops: 2 * rows(x) * values.numel,
    },
    outputTo(op, shape, to),
  );
}

/** `linearGatedResidual` of `linearScaled`. */
export function linearScaledGatedResidual(
  x: Tensor,
  weight: ScaledWeight,
  bias: Tensor | null,
  residual: Tensor,
  gate: Tensor,
  into?: Tensor,
): Tensor {
  const op = "linear_scaled_gated_residual";
  const shape = checkScaled(op, x, weight, bias);
  expectFloat(op, residual, gate);
  expectShape(op, "the residual", residual, shape);
  expectRowOrAll(op, "the gate", gate, residual);
  const { values, scales } = weight;
  return launch(
    op,
    { inputs: [x, values, scales, bias, residual, gate], flops: 2 * rows(x) * values.numel },
    outputIn(op, { shape, dtype: typeLike(residual) }, into),
  );
}

/** weight + scale up down, stored as `dtype` (the weight's own by default): weight [N, K], up [N, r], down [r, K]. */
export function loraMerge(
  weight: Tensor,
  up: Tensor,
  down: Tensor,
  scale: number,
  dtype: DType = weight.dtype,
): Tensor {
  const op = "lora_merge";
  expectFloat(op, weight, up, down);
  expectRank(op, "the weight", weight, 2);
  expectRank(op, "up", up, 2);
  const [height, width, rank] = [size(weight, 0), size(weight, 1), size(up, 1)];
  expectShape(op, "up", up, [height, rank]);
  expectShape(op, "down", down, [rank, width]);
  if (!isFloat(dtype)) {
    throw new UmbelError("ERR_DTYPE", `Expected a float type for the merged weight, got ${dtype}.`);
  }
  return launch(
    op,
    { inputs: [weight, up, down], attributes: [scale], flops: 2 * height * width * rank },
    { shape: weight.shape, dtype },
  );
}
