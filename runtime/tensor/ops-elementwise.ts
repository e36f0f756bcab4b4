/** Element-wise ops. The type of results: activation-type.ts. */
import { typeLike } from "./activation-type.ts";
import { launch, outputTo, type Target } from "./launch.ts";
import { broadcastShape, expectFloat, expectShape } from "./shape-rules.ts";
import type { Tensor } from "./tensor.ts";

function pair(op: "add" | "sub" | "mul", x: Tensor, y: Tensor, to: Target): Tensor {
  expectFloat(op, x, y);
  const shape = broadcastShape(op, x, y);
  const flops = shape.reduce((product, length) => product * length, 1);
  return launch(op, { inputs: [x, y], flops }, outputTo(op, shape, to));
}

function single(
  op: string,
  x: Tensor,
  attributes: readonly (number | boolean)[],
  flopsEach: number,
): Tensor {
  expectFloat(op, x);
  const flops = flopsEach * x.numel;
  return launch(op, { inputs: [x], attributes, flops }, { shape: x.shape, dtype: typeLike(x) });
}

/** x + y, broadcast as NumPy does. `to` stores the result otherwise than operands are; it may be one. */
export function add(x: Tensor, y: Tensor, to: Target = typeLike(x, y)): Tensor {
  return pair("add", x, y, to);
}

/** x - y, broadcast as NumPy does. `to` stores the result otherwise than operands are; it may be one. */
export function sub(x: Tensor, y: Tensor, to: Target = typeLike(x, y)): Tensor {
  return pair("sub", x, y, to);
}

/** x y, broadcast as NumPy does. `to` stores the result otherwise than operands are; it may be one. */
export function mul(x: Tensor, y: Tensor, to: Target = typeLike(x, y)): Tensor {
  return pair("mul", x, y, to);
}

/** a x + b y for tensors of one shape. */
export function lincomb(x: Tensor, y: Tensor, a: number, b: number): Tensor {
  expectFloat("lincomb", x, y);
  expectShape("lincomb", "the second operand", y, x.shape);
  return launch(
    "lincomb",
    { inputs: [x, y], attributes: [a, b], flops: 3 * x.numel },
    { shape: x.shape, dtype: typeLike(x, y) },
  );
}

/** a x + b */
export function affine(x: Tensor, a: number, b: number): Tensor {
  return single("affine", x, [a, b], 2);
}

/** x limited to [low, high]. */
export function clamp(x: Tensor, low: number, high: number): Tensor {
  return single("clamp", x, [low, high], 2);
}

/** x / (1 + exp(-x)) */
export function silu(x: Tensor): Tensor {
  return single("silu", x, [], 4);
}

/** The hyperbolic tangent. */
export function tanh(x: Tensor): Tensor {
  return single("tanh", x, [], 6);
}

/** x [...] -> [..., 2]: cosine and sine, in float32. */
export function cosSin(x: Tensor): Tensor {
  expectFloat("cos_sin", x);
  return launch(
    "cos_sin",
    { inputs: [x], flops: 16 * x.numel },
    { shape: [...x.shape, 2], dtype: "f32" },
  );
}

/** x times the normal distribution's cumulative function, or the tanh approximation of that. */
export function gelu(x: Tensor, options: { readonly tanh?: boolean } = {}): Tensor {
  return single("gelu", x, [options.tanh ?? false], 8);
}
