import { readFileSync } from "node:fs";
import { UmbelError } from "#runtime/errors";
import { openCheckpoint } from "#runtime/weights/checkpoint";

export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A safetensors file of reference data, its tensors as numbers on the host. */
export interface GoldenFile {
  readonly names: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  has(name: string): boolean;
  /** Throws ERR_MISSING_TENSOR, ERR_CHECKPOINT for a type that is no number here. */
  get(name: string): GoldenTensor;
  bytes(name: string): Uint8Array;
}

/** Throws ERR_FILE, ERR_CHECKPOINT. */
export function readGolden(path: string): GoldenFile {
  const file = openCheckpoint(path);
  return {
    names: [...file.tensors.keys()],
    metadata: file.metadata,
    has: (name) => file.tensors.has(name),
    bytes: (name) => file.read(name),
    get(name) {
      const entry = file.tensors.get(name);
      const bytes = file.read(name);
      const values = toNumbers(entry?.storedType ?? "", bytes.buffer);
      if (values === null) {
        throw new UmbelError(
          "ERR_CHECKPOINT",
          `Expected numbers in ${name} of ${path}, got type ${entry?.storedType}.`,
        );
      }
      return { shape: entry?.shape ?? [], values };
    },
  };
}

function toNumbers(type: string, buffer: ArrayBuffer): Float32Array | null {
  switch (type) {
    case "F32":
      return new Float32Array(buffer);
    case "BF16": {
      const wide = Uint32Array.from(new Uint16Array(buffer), (half) => half << 16);
      return new Float32Array(wide.buffer);
    }
    case "I32":
      return Float32Array.from(new Int32Array(buffer));
    case "I64":
      return Float32Array.from(new BigInt64Array(buffer), Number);
    case "U8":
    case "BOOL":
      return Float32Array.from(new Uint8Array(buffer));
    default:
      return null;
  }
}

/** Part `index` of a tensor's first axis. */
export function item({ shape, values }: GoldenTensor, index: number): GoldenTensor {
  const rest = shape.slice(1);
  const size = rest.reduce((product, length) => product * length, 1);
  return { shape: rest, values: values.slice(index * size, (index + 1) * size) };
}

/** Throws ERR_FILE. */
export function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UmbelError("ERR_FILE", `Expected a readable file ${path}, got ${String(error)}.`);
  }
}
