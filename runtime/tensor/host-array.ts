import { UmbelError } from "#runtime/errors";
import { checkShape, countElements, dtypeSize, isFloat, shapeText, type DType } from "./layout.ts";

export type HostArray = Float32Array | Int32Array | Uint8Array;

/** The type that an array has as it is. */
export function arrayDType(data: HostArray): DType {
  if (data instanceof Float32Array) return "f32";
  return data instanceof Int32Array ? "i32" : "u8";
}

/** Throws unless `data` fills `shape` and can be stored as `dtype`: any array as a float type, else only its own. */
export function checkHostArray(data: HostArray, shape: readonly number[], dtype: DType): void {
  checkShape(shape);
  if (countElements(shape) !== data.length) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected ${countElements(shape)} elements for shape ${shapeText(shape)}, got ${data.length}.`,
    );
  }
  if (!isFloat(dtype) && dtype !== arrayDType(data)) {
    throw new UmbelError(
      "ERR_DTYPE",
      `Expected an array of type ${dtype}, got one of type ${arrayDType(data)}.`,
    );
  }
}

/** Throws unless `bytes` is what a tensor of this shape and type takes. */
export function checkBytes(bytes: number, shape: readonly number[], dtype: DType): void {
  checkShape(shape);
  const expected = countElements(shape) * dtypeSize(dtype);
  if (expected !== bytes) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected ${expected} bytes for ${dtype} of shape ${shapeText(shape)}, got ${bytes}.`,
    );
  }
}
