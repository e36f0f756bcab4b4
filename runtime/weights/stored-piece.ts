/** Tensors that a file stores in pieces, or in another order of rows, than the model wants them. */
import type { Naming, TensorPiece, TensorSpec } from "#runtime/sdk/model";
import { cast, cat } from "#runtime/tensor/ops";
import type { Tensor } from "#runtime/tensor/tensor";

/** A tensor of a file and what it is of a canonical one. */
export interface StoredPiece extends Omit<TensorPiece, "name"> {
  /** Its name in the file. */
  readonly own: string;
}

/** What a name means in a naming; null when it is none of its names. */
export function pieceOf(naming: Naming, name: string): TensorPiece | null {
  const found = naming.canonical(name);
  return typeof found === "string" ? { name: found } : found;
}

/** Pieces in the order of their runs. */
export function inOrder(pieces: readonly StoredPiece[]): readonly StoredPiece[] {
  return pieces.toSorted((a, b) => (a.run ?? 0) - (b.run ?? 0));
}

/** Shape of the pieces one after the other along the first axis; null when they do not fit each other. */
export function joinedShape(shapes: readonly (readonly number[])[]): readonly number[] | null {
  const [first = [], ...others] = shapes;
  if (others.length === 0) return first;
  const rest = first.slice(1).join();
  if (others.some((shape) => shape.slice(1).join() !== rest || shape.length !== first.length)) {
    return null;
  }
  const rows = shapes.reduce((sum, [count = 0]) => sum + count, 0);
  return [rows, ...first.slice(1)];
}

/** Joins tensors along the first axis; of several types, in float32. */
export function joinPieces(tensors: readonly [Tensor, ...Tensor[]]): Tensor {
  const [first, ...others] = tensors;
  if (others.length === 0) return first;
  const same = others.every(({ dtype }) => dtype === first.dtype);
  return cat(same ? tensors : tensors.map((tensor) => cast(tensor, "f32")), 0);
}

/** The same rows with the two halves in the other order. */
export function swapHalves(tensor: Tensor): Tensor {
  const half = (tensor.shape[0] ?? 0) / 2;
  return cat([tensor.slice(0, half), tensor.slice(0, 0, half)], 0);
}

/** First row of a run, and the one behind its last; null when the tensor has no such run. */
export function runRows(
  spec: Pick<TensorSpec, "runs">,
  run: number,
): readonly [from: number, to: number] | null {
  const length = spec.runs?.[run];
  if (length === undefined) return null;
  const from = (spec.runs ?? []).slice(0, run).reduce((sum, rows) => sum + rows, 0);
  return [from, from + length];
}
