/** Matrix products. Weights keep their stored type; the type of results: activation-type.ts. */
import { UmbelError } from "#runtime/errors";
import { typeLike } from "./activation-type.ts";
import { launch } from "./launch.ts";
import { isFloat, type DType } from "./layout.ts";
import {
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

/** activation(x W^T + b): x [..., K], weight [N, K], bias [N]. `dtype` stores the result otherwise than x is. */
export function linear(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  activation: Activation = "none",
  dtype: DType = typeLike(x),
): Tensor {
  const shape = checkLinear("linear", x, weight, bias);
  const index = ACTIVATIONS.indexOf(activation);
  if (index < 0) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected an activation of ${ACTIVATIONS.join(", ")}, got ${activation}.`,
    );
  }
  return launch(
    "linear",
    { inputs: [x, weight, bias], attributes: [index], flops: 2 * rows(x) * weight.numel },
    { shape, dtype },
  );
}

/** residual + gate (x W^T + b): residual [..., N], gate [N] or like it. */
export function linearGatedResidual(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  residual: Tensor,
  gate: Tensor,
): Tensor {
  const op = "linear_gated_residual";
  const shape = checkLinear(op, x, weight, bias);
  expectFloat(op, residual, gate);
  expectShape(op, "the residual", residual, shape);
  expectRowOrAll(op, "the gate", gate, residual);
  return launch(
    op,
    { inputs: [x, weight, bias, residual, gate], flops: 2 * rows(x) * weight.numel },
    { shape, dtype: typeLike(residual) },
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
