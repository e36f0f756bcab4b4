import { UmbelError } from "#runtime/errors";
import { isFloat, shapeText, type DType } from "./layout.ts";
import type { Tensor } from "./tensor.ts";

/** Throws ERR_SHAPE: "Expected <what> of <op> to be <expected>, got <shape>." */
export function shapeError(op: string, what: string, expected: string, got: Tensor): never {
  throw new UmbelError(
    "ERR_SHAPE",
    `Expected ${what} of ${op} to be ${expected}, got ${shapeText(got.shape)}.`,
  );
}

/** Throws ERR_SHAPE unless the tensor has exactly this shape. */
export function expectShape(op: string, what: string, got: Tensor, shape: readonly number[]): void {
  const same = got.rank === shape.length && shape.every((size, i) => got.shape[i] === size);
  if (!same) shapeError(op, what, shapeText(shape), got);
}

export function expectRank(op: string, what: string, got: Tensor, ...ranks: number[]): void {
  if (!ranks.includes(got.rank)) shapeError(op, what, `of rank ${ranks.join(" or ")}`, got);
}

/** Throws ERR_DTYPE unless every given tensor is of a float type. */
export function expectFloat(op: string, ...tensors: readonly (Tensor | null | undefined)[]): void {
  for (const tensor of tensors) {
    if (tensor !== null && tensor !== undefined && !isFloat(tensor.dtype)) {
      throw new UmbelError(
        "ERR_DTYPE",
        `Expected tensors of a float type for ${op}, got ${tensor.dtype}. Cast it first.`,
      );
    }
  }
}

export function expectDType(op: string, what: string, got: Tensor, dtype: DType): void {
  if (got.dtype !== dtype) {
    throw new UmbelError(
      "ERR_DTYPE",
      `Expected ${what} of ${op} to be ${dtype}, got ${got.dtype}.`,
    );
  }
}

/** Size of an axis; negative ones count from the end. */
export function size(tensor: Tensor, axis: number): number {
  return tensor.shape[axis < 0 ? axis + tensor.rank : axis] ?? 0;
}

/** Sizes of all axes but the last multiplied: how many rows a tensor has. */
export function rows(tensor: Tensor): number {
  return tensor.shape.slice(0, -1).reduce((product, length) => product * length, 1);
}

/** Throws ERR_SHAPE unless `got` is one row of x's last axis, [C], or a row for each of its rows, x's own shape. */
export function expectRowOrAll(op: string, what: string, got: Tensor, x: Tensor): void {
  const width = size(x, -1);
  if (got.rank === 1 && size(got, 0) === width) return;
  if (got.rank === x.rank && got.shape.every((length, i) => length === x.shape[i])) return;
  shapeError(op, what, `[${width}] or ${shapeText(x.shape)}`, got);
}

/** The shape that two operands give together, as NumPy broadcasts. */
export function broadcastShape(op: string, x: Tensor, y: Tensor): number[] {
  const rank = Math.max(x.rank, y.rank);
  return Array.from({ length: rank }, (_, i) => {
    const a = x.shape[i - rank + x.rank] ?? 1;
    const b = y.shape[i - rank + y.rank] ?? 1;
    if (a !== b && a !== 1 && b !== 1) {
      shapeError(op, "the second operand", `broadcastable to ${shapeText(x.shape)}`, y);
    }
    return a === 1 ? b : a;
  });
}
