/**
 * Which type an op gives its result, the one place that decides it. On a device that stores activations in float32 (the
 * CPU, CUDA with precision f32) everything is float32. On one that stores them in bfloat16:
 * - norms, rotary embedding, convolutions and attention, whose results feed matrix products, give bfloat16;
 * - matrix products and element-wise ops keep the type of what flows through them, float32 as soon as one operand is:
 *   what enters in float32 (a latent, a timestep's embedding) stays so, and with it modulation and the residual stream,
 *   which add up over all layers; what comes out of a norm stays bfloat16.
 * Sums are float32 everywhere.
 */
import type { DType } from "./layout.ts";
import type { Tensor } from "./tensor.ts";

/** The type of results that feed matrix products. */
export function activationType(x: Tensor): DType {
  return x.device.activations;
}

/** The type of results that keep what their operands have. */
export function typeLike(...operands: readonly [Tensor, ...Tensor[]]): DType {
  const [{ device }] = operands;
  const allRounded = operands.every(({ dtype }) => dtype === "bf16");
  return device.activations === "bf16" && allRounded ? "bf16" : "f32";
}
