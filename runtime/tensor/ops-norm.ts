/** Norms over the last axis and what is fused with them. The type of results: activation-type.ts. */
import { UmbelError } from "#runtime/errors";
import { activationType, typeLike } from "./activation-type.ts";
import { launch, outputIn, outputTo, type Target } from "./launch.ts";
import { shapeText } from "./layout.ts";
import { expectFloat, expectRowOrAll, expectShape, shapeError, size } from "./shape-rules.ts";
import type { Tensor } from "./tensor.ts";

function expectWidth(op: string, x: Tensor): number {
  if (x.rank === 0) shapeError(op, "x", "of rank 1 or more", x);
  return size(x, -1);
}

/** (x - mean) / sqrt(variance + eps) weight + bias; weight and bias are [C]. */
export function layerNorm(
  x: Tensor,
  options: { readonly weight?: Tensor | null; readonly bias?: Tensor | null; readonly eps: number },
): Tensor {
  const width = expectWidth("layer_norm", x);
  const { weight = null, bias = null, eps } = options;
  expectFloat("layer_norm", x, weight, bias);
  if (weight !== null) expectShape("layer_norm", "weight", weight, [width]);
  if (bias !== null) expectShape("layer_norm", "bias", bias, [width]);
  return launch(
    "layer_norm",
    { inputs: [x, weight, bias], attributes: [eps], flops: 8 * x.numel },
    { shape: x.shape, dtype: activationType(x) },
  );
}

/** LayerNorm(x) (1 + scale) + shift: x [..., C], shift and scale each [C] or like x. */
export function layerNormModulate(x: Tensor, shift: Tensor, scale: Tensor, eps: number): Tensor {
  expectWidth("layer_norm_modulate", x);
  expectFloat("layer_norm_modulate", x, shift, scale);
  expectRowOrAll("layer_norm_modulate", "shift", shift, x);
  expectRowOrAll("layer_norm_modulate", "scale", scale, x);
  return launch(
    "layer_norm_modulate",
    { inputs: [x, shift, scale], attributes: [eps], flops: 9 * x.numel },
    { shape: x.shape, dtype: activationType(x) },
  );
}

/** x / sqrt(mean(x^2) + eps) weight; weight is [C] or left out. `to` stores the result otherwise than activations; it may be x. */
export function rmsNorm(
  x: Tensor,
  weight: Tensor | null,
  eps: number,
  to: Target = activationType(x),
): Tensor {
  const width = expectWidth("rms_norm", x);
  expectFloat("rms_norm", x, weight);
  if (weight !== null) expectShape("rms_norm", "weight", weight, [width]);
  return launch(
    "rms_norm",
    { inputs: [x, weight], attributes: [eps], flops: 4 * x.numel },
    outputTo("rms_norm", x.shape, to),
  );
}

/**
 * RMSNorm of x [..., S, H D], over all heads with a weight [H D] or over each with one [D], then rotary embedding: in
 * each head the pair (2i, 2i + 1) turns by the angle whose cosine and sine are cosSin [S, D / 2, 2]. `into` takes the
 * result; it may be x.
 */
export function rmsNormRope(
  x: Tensor,
  weight: Tensor,
  cosSin: Tensor,
  eps: number,
  heads: number,
  into?: Tensor,
): Tensor {
  const op = "rms_norm_rope";
  if (x.rank < 2) shapeError(op, "x", "[..., S, H D]", x);
  const width = size(x, -1);
  expectFloat(op, x, weight, cosSin);
  if (!Number.isInteger(heads) || heads < 1 || width % (2 * heads) !== 0) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected heads of an even width in ${shapeText(x.shape)}, got ${heads} heads.`,
    );
  }
  const ofHead = weight.rank === 1 && size(weight, 0) === width / heads;
  expectShape(op, "weight", weight, [ofHead ? width / heads : width]);
  expectShape(op, "cos_sin", cosSin, [size(x, -2), width / heads / 2, 2]);
  return launch(
    op,
    { inputs: [x, weight, cosSin], attributes: [eps, heads], flops: 7 * x.numel },
    outputIn(op, { shape: x.shape, dtype: activationType(x) }, into),
  );
}

/** x / max(|x|, 1e-12) sqrt(C) gamma over the last axis, gamma [C]; then SiLU when asked for. */
export function channelRmsNorm(x: Tensor, gamma: Tensor, activate: boolean): Tensor {
  const width = expectWidth("channel_rms_norm", x);
  expectFloat("channel_rms_norm", x, gamma);
  expectShape("channel_rms_norm", "gamma", gamma, [width]);
  return launch(
    "channel_rms_norm",
    { inputs: [x, gamma], attributes: [activate], flops: (activate ? 8 : 4) * x.numel },
    { shape: x.shape, dtype: activationType(x) },
  );
}

/**
 * (x - mean) / sqrt(variance + eps) weight + bias, mean and variance over all of x [N, ..., C] that has the same N and
 * the same of `groups` equal parts of C; weight and bias [C]. Then SiLU when asked for.
 */
export function groupNorm(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  options: { readonly groups: number; readonly eps: number; readonly activate?: boolean },
): Tensor {
  const op = "group_norm";
  const { groups, eps, activate = false } = options;
  if (x.rank < 2) shapeError(op, "x", "[N, ..., C]", x);
  const width = size(x, -1);
  expectFloat(op, x, weight, bias);
  expectShape(op, "weight", weight, [width]);
  expectShape(op, "bias", bias, [width]);
  if (!Number.isInteger(groups) || groups < 1 || width % groups !== 0) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected a number of groups that divides ${width} channels, got ${groups}.`,
    );
  }
  const clips = size(x, 0);
  const pixels = clips === 0 ? 0 : x.numel / clips / width;
  using flat = x.reshape([clips, pixels, width]);
  return launch(
    op,
    {
      inputs: [flat, weight, bias],
      attributes: [groups, eps, activate],
      flops: (activate ? 12 : 8) * x.numel,
    },
    { shape: x.shape, dtype: activationType(x) },
  );
}

/** x + y gate: x and y [..., C], gate [C] or like x. */
export function gatedResidual(x: Tensor, y: Tensor, gate: Tensor): Tensor {
  expectWidth("gated_residual", x);
  expectFloat("gated_residual", x, y, gate);
  expectShape("gated_residual", "y", y, x.shape);
  expectRowOrAll("gated_residual", "gate", gate, x);
  return launch(
    "gated_residual",
    { inputs: [x, y, gate], flops: 2 * x.numel },
    { shape: x.shape, dtype: typeLike(x) },
  );
}
