/** Convolution and resampling, channels last: [T, H, W, C]. The type of results: activation-type.ts. */
import { UmbelError } from "#runtime/errors";
import { activationType, typeLike } from "./activation-type.ts";
import { launch } from "./launch.ts";
import { shapeText } from "./layout.ts";
import { expectFloat, expectRank, expectShape, shapeError, size } from "./shape-rules.ts";
import type { Tensor } from "./tensor.ts";

export interface Conv3dOptions {
  readonly stride?: readonly [t: number, h: number, w: number] | undefined;
  /** Zeros in front of and behind each axis. */
  readonly padding?:
    | readonly [t0: number, t1: number, h0: number, h1: number, w0: number, w1: number]
    | undefined;
  /**
   * Frames between the padding and x, [Tc, H, W, Cin]: the past of a causal convolution, in one or two parts (the older
   * first), which need not be joined.
   */
  readonly before?: Tensor | readonly [Tensor, Tensor] | null;
  /** Added to the result; has its shape. */
  readonly residual?: Tensor | null;
  /** H and W of the input are doubled first, each pixel repeated, as upsample2x does. */
  readonly doubled?: boolean;
}

/** Convolution of x [T, H, W, Cin] with weight [Cout, kT, kH, kW, Cin] and bias [Cout]. */
export function conv3d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  options: Conv3dOptions = {},
): Tensor {
  const op = "conv3d";
  const { stride = [1, 1, 1], padding = [0, 0, 0, 0, 0, 0] } = options;
  const { residual = null, doubled = false } = options;
  const [before, older] = past(options.before ?? null);
  expectFloat(op, x, weight, bias, before, older, residual);
  expectRank(op, "x", x, 4);
  expectRank(op, "the weight", weight, 5);
  if (size(x, 3) !== size(weight, 4)) shapeError(op, "x", `[T, H, W, ${size(weight, 4)}]`, x);
  const channels = size(weight, 0);
  if (bias !== null) expectShape(op, "the bias", bias, [channels]);
  for (const frames of [before, older]) {
    if (frames === null) continue;
    expectRank(op, "before", frames, 4);
    expectShape(op, "before", frames, [size(frames, 0), ...x.shape.slice(1)]);
  }
  checkSteps(stride, 3, 1, "strides");
  checkSteps(padding, 6, 0, "padding sizes");
  const frames = [older, before].reduce(
    (sum, part) => sum + (part === null ? 0 : size(part, 0)),
    0,
  );
  const spatial = [0, 1, 2].map((axis) => {
    const length =
      (axis === 0 ? size(x, 0) + frames : size(x, axis) * (doubled ? 2 : 1)) +
      (padding[2 * axis] ?? 0) +
      (padding[2 * axis + 1] ?? 0);
    const kernel = size(weight, axis + 1);
    if (length < kernel) {
      shapeError(op, "x with its padding", `at least the kernel ${shapeText(weight.shape)}`, x);
    }
    return Math.floor((length - kernel) / (stride[axis] ?? 1)) + 1;
  });
  const shape = [...spatial, channels];
  if (residual !== null) expectShape(op, "the residual", residual, shape);
  const pixels = spatial.reduce((product, length) => product * length, 1);
  return launch(
    op,
    {
      inputs: [x, before, older, weight, bias, residual],
      attributes: [stride, padding, doubled],
      flops: 2 * pixels * weight.numel,
    },
    { shape, dtype: activationType(x) },
  );
}

/** The frames right before x, and those before them. */
function past(
  before: Tensor | readonly [Tensor, Tensor] | null,
): readonly [before: Tensor | null, older: Tensor | null] {
  return before === null || !("length" in before) ? [before, null] : [before[1], before[0]];
}

function checkSteps(values: readonly number[], count: number, least: number, what: string): void {
  const wrong = values.length !== count || values.some((n) => !Number.isInteger(n) || n < least);
  if (wrong) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected ${count} ${what} of ${least} or more, got ${shapeText(values)}.`,
    );
  }
}

/** Doubles H and W by repeating pixels: [T, H, W, C] -> [T, 2H, 2W, C]. */
export function upsample2x(x: Tensor): Tensor {
  expectFloat("upsample2x", x);
  expectRank("upsample2x", "x", x, 4);
  const shape = [size(x, 0), 2 * size(x, 1), 2 * size(x, 2), size(x, 3)];
  return launch("upsample2x", { inputs: [x] }, { shape, dtype: typeLike(x) });
}
