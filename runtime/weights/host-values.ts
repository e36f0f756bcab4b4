/** Small stored tensors (alpha, scales) as numbers on the host. */
import { checkpointError, quoted } from "./checkpoint-error.ts";
import type { TensorFile } from "./tensor-file.ts";

/** The value of a tensor with one element. Throws ERR_CHECKPOINT for more, for a type without a number, for NaN. */
export function readScalar(file: TensorFile, name: string): number {
  const entry = file.tensors.get(name);
  const elements = entry?.shape.reduce((product, size) => product * size, 1);
  if (entry !== undefined && elements !== 1) {
    throw checkpointError(
      file.path,
      `tensor ${quoted(name)}: Expected one element, got ${elements}`,
    );
  }
  const bytes = file.read(name);
  const value = decode(entry?.storedType ?? "", new DataView(bytes.buffer));
  if (value === null || !Number.isFinite(value)) {
    throw checkpointError(
      file.path,
      `tensor ${quoted(name)}: Expected a finite number, got ${value ?? entry?.storedType}`,
    );
  }
  return value;
}

function decode(type: string, view: DataView): number | null {
  switch (type) {
    case "F64":
      return view.getFloat64(0, true);
    case "F32":
      return view.getFloat32(0, true);
    case "BF16": {
      const wide = new DataView(new ArrayBuffer(4));
      wide.setUint32(0, view.getUint16(0, true) << 16);
      return wide.getFloat32(0);
    }
    case "F16":
      return halfToNumber(view.getUint16(0, true));
    case "I64":
      return Number(view.getBigInt64(0, true));
    case "U64":
      return Number(view.getBigUint64(0, true));
    case "I32":
      return view.getInt32(0, true);
    case "U32":
      return view.getUint32(0, true);
    case "I16":
      return view.getInt16(0, true);
    case "U8":
      return view.getUint8(0);
    default:
      return null;
  }
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
