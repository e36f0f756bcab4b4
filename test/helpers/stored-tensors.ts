import type { StoredTensor } from "#runtime/weights/write";

/** Values as a float32 tensor of a file. */
export function f32(
  values: ArrayLike<number>,
  shape: readonly number[] = [values.length],
): StoredTensor {
  return { storedType: "F32", shape, bytes: new Uint8Array(Float32Array.from(values).buffer) };
}

/** Values cut to bfloat16. */
export function bf16(
  values: ArrayLike<number>,
  shape: readonly number[] = [values.length],
): StoredTensor {
  const words = new Uint32Array(Float32Array.from(values).buffer);
  const halves = Uint16Array.from(words, (word) => word >>> 16);
  return { storedType: "BF16", shape, bytes: new Uint8Array(halves.buffer) };
}
