import { UmbelError } from "#runtime/errors";

export const DTYPES = ["f32", "f16", "bf16", "f8_e4m3", "f8_e5m2", "i32", "u8"] as const;
export type DType = (typeof DTYPES)[number];

const SIZES: Readonly<Record<DType, number>> = {
  f32: 4,
  f16: 2,
  bf16: 2,
  f8_e4m3: 1,
  f8_e5m2: 1,
  i32: 4,
  u8: 1,
};

export const MAX_RANK = 8;

/** Bytes of one element. */
export function dtypeSize(dtype: DType): number {
  return SIZES[dtype];
}

export function isFloat(dtype: DType): boolean {
  return dtype !== "i32" && dtype !== "u8";
}

export function countElements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** "[2, 3]", for messages. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}

export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i] ?? 1;
  }
  return strides;
}

export function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  const expected = contiguousStrides(shape);
  return shape.every((size, i) => size === 1 || strides[i] === expected[i]);
}

/** Throws ERR_SHAPE unless every size is an integer of 0 or more and the rank is at most 8. */
export function checkShape(shape: readonly number[]): void {
  const wrong = shape.some((size) => !Number.isSafeInteger(size) || size < 0);
  if (wrong || shape.length > MAX_RANK) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected a shape of at most ${MAX_RANK} integers of 0 or more, got ${shapeText(shape)}.`,
    );
  }
}

/** Replaces the one -1 that a shape may hold, so that it has `count` elements. Throws ERR_SHAPE. */
export function resolveShape(shape: readonly number[], count: number): number[] {
  const known = shape.filter((size) => size !== -1);
  checkShape(known);
  const product = countElements(known);
  if (known.length === shape.length && product === count) return [...shape];
  if (known.length === shape.length - 1 && product > 0 && count % product === 0) {
    return shape.map((size) => (size === -1 ? count / product : size));
  }
  throw new UmbelError(
    "ERR_SHAPE",
    `Expected a shape of ${count} elements, got ${shapeText(shape)}.`,
  );
}

/**
 * Strides that show a strided tensor in another shape without moving its elements, or null when there are none: axes
 * can be merged only where they follow each other in memory.
 */
export function reshapeStrides(
  shape: readonly number[],
  strides: readonly number[],
  target: readonly number[],
): number[] | null {
  if (isContiguous(shape, strides) || countElements(shape) === 0) return contiguousStrides(target);
  // Runs of axes that are contiguous among themselves, as [size, innermost stride], outermost first.
  const runs: [size: number, stride: number][] = [];
  shape.forEach((size, i) => {
    if (size === 1) return;
    const stride = strides[i] ?? 0;
    const last = runs.at(-1);
    if (last !== undefined && last[1] === size * stride) {
      last[0] *= size;
      last[1] = stride;
    } else {
      runs.push([size, stride]);
    }
  });
  const result = new Array<number>(target.length).fill(1);
  let axis = target.length - 1;
  for (const [size, stride] of runs.reverse()) {
    let covered = 1;
    while (axis >= 0 && covered < size) {
      result[axis] = covered * stride;
      covered *= target[axis] ?? 1;
      axis--;
    }
    if (covered !== size) return null;
  }
  return result;
}
