/** Ops that change type or layout. */
import { UmbelError } from "#runtime/errors";
import type { BlockFormat } from "./block-format.ts";
import { launch } from "./launch.ts";
import { countElements, isFloat, shapeText, type DType } from "./layout.ts";
import { expectDType, expectFloat, expectRank, shapeError, size } from "./shape-rules.ts";
import type { Tensor } from "./tensor.ts";

/** The same values as another float type, rounded to nearest even; float8 saturates. Any type and strides go in. */
export function cast(x: Tensor, dtype: DType): Tensor {
  if (!isFloat(dtype)) {
    throw new UmbelError("ERR_DTYPE", `Expected a float type to cast to, got ${dtype}.`);
  }
  return launch("cast", { inputs: [x] }, { shape: x.shape, dtype });
}

/** The same values in row-major order. */
export function copy(x: Tensor): Tensor {
  return launch("copy", { inputs: [x] }, { shape: x.shape, dtype: x.dtype });
}

/** Joins tensors of one type along an axis; all other axes must agree. */
export function cat(xs: readonly Tensor[], axis: number): Tensor {
  const [first] = xs;
  if (first === undefined) {
    throw new UmbelError("ERR_INVALID_ARGUMENT", "Expected one or more tensors to join, got none.");
  }
  const along = axis < 0 ? axis + first.rank : axis;
  if (!Number.isInteger(axis) || along < 0 || along >= first.rank) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected an axis of ${shapeText(first.shape)}, got ${axis}.`,
    );
  }
  let joined = 0;
  for (const x of xs) {
    expectDType("cat", "every input", x, first.dtype);
    const fits =
      x.rank === first.rank &&
      x.shape.every((length, i) => i === along || length === first.shape[i]);
    if (!fits)
      shapeError("cat", "every input", `like ${shapeText(first.shape)} but for axis ${along}`, x);
    joined += size(x, along);
  }
  const shape = first.shape.map((length, i) => (i === along ? joined : length));
  return launch("cat", { inputs: [xs], attributes: [along] }, { shape, dtype: first.dtype });
}

/** Rows of a table [N, C] by int32 ids [...], as float32 [..., C]. The op fails on ids outside the table. */
export function embedding(table: Tensor, ids: Tensor): Tensor {
  expectRank("embedding", "the table", table, 2);
  expectFloat("embedding", table);
  expectDType("embedding", "ids", ids, "i32");
  const shape = [...ids.shape, size(table, 1)];
  return launch("embedding", { inputs: [table, ids] }, { shape, dtype: "f32" });
}

/** Bytes [n] of whole blocks of a format as a tensor of another shape with as many elements; exact in float32. */
export function dequantize(
  blocks: Tensor,
  format: BlockFormat,
  shape: readonly number[],
  dtype: DType = "f32",
): Tensor {
  expectRank("dequantize", "the blocks", blocks, 1);
  expectDType("dequantize", "the blocks", blocks, "u8");
  if (!isFloat(dtype)) {
    throw new UmbelError("ERR_DTYPE", `Expected a float type to dequantize to, got ${dtype}.`);
  }
  const bytes = (countElements(shape) / format.elements) * format.bytes;
  if (blocks.numel !== bytes) {
    const wanted = `${bytes} bytes of ${format.name} for ${shapeText(shape)}`;
    shapeError("dequantize", "the blocks", wanted, blocks);
  }
  return launch("dequantize", { inputs: [blocks], attributes: [format.number] }, { shape, dtype });
}
