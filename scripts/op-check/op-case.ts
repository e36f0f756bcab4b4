import type { Device } from "#runtime/tensor/device";
import type { DType, Tensor } from "#runtime/tensor/tensor";

/** Makes a case's inputs, the same values on every device. */
export interface Inputs {
  readonly device: Device;
  /** Random numbers in [-scale, scale) as activations are stored: float32, or bfloat16 on both sides of a bfloat16 run. */
  activations(shape: readonly number[], seed: number, scale?: number): Tensor;
  /** Random numbers stored as `dtype`. */
  stored(shape: readonly number[], seed: number, dtype: DType, scale?: number): Tensor;
  values(
    data: Float32Array | Int32Array | Uint8Array,
    shape: readonly number[],
    dtype?: DType,
  ): Tensor;
}

/** One op on one set of inputs, run on the CPU and on another device. */
export interface OpCase {
  readonly op: string;
  readonly title: string;
  /** Largest |difference| over largest |value|, in float32 and where activations are bfloat16. 0: same bytes. */
  readonly bound: { readonly f32: number; readonly bf16: number };
  run(inputs: Inputs): readonly Tensor[];
}

/** Sums of products in float32 in another order; one rounding to bfloat16 of results, and of what the op rounds inside. */
export const SUMS = { f32: 4e-6, bf16: 8e-3 } as const;
/** One expression an element. */
export const POINTWISE = { f32: 1e-6, bf16: 5e-3 } as const;
export const EXACT = { f32: 0, bf16: 0 } as const;
