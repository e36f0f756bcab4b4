import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

/** The folder with reference data beside the checkout (or UMBEL_SHARED); null when this machine has none. */
export function sharedDir(): string | null {
  const folder = process.env["UMBEL_SHARED"] ?? resolve(import.meta.dirname, "../../../shared");
  return existsSync(folder) ? folder : null;
}

/** Reason shown for tests that are skipped without the folder. */
export const NO_SHARED = "needs ../shared (or UMBEL_SHARED)";

export function sharedPath(path: string): string {
  return resolve(sharedDir() ?? "shared", path);
}

export function sharedJson<T>(path: string): T {
  return JSON.parse(readFileSync(sharedPath(path), "utf8")) as T;
}

export interface GoldenTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  /** F32, F16 and BF16 as numbers; integers too. */
  readonly values: Float32Array;
}

export interface Golden {
  readonly tensors: ReadonlyMap<string, GoldenTensor>;
  readonly metadata: Readonly<Record<string, string>>;
  get(name: string): GoldenTensor;
}

/** Reads a safetensors file of the reference data, independently of the code under test. */
export function sharedTensors(path: string): Golden {
  const file = readFileSync(sharedPath(path));
  const headerBytes = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, 8 + headerBytes)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const metadata = (header["__metadata__"] ?? {}) as unknown as Record<string, string>;
  const tensors = new Map<string, GoldenTensor>();
  for (const [
    name,
    {
      dtype,
      shape,
      data_offsets: [start, end],
    },
  ] of Object.entries(header).filter(([key]) => key !== "__metadata__")) {
    const bytes = Uint8Array.from(file.subarray(8 + headerBytes + start, 8 + headerBytes + end));
    tensors.set(name, {
      dtype,
      shape,
      bytes,
      get values() {
        return toFloat32(dtype, bytes);
      },
    });
  }
  return {
    tensors,
    metadata,
    get(name) {
      const tensor = tensors.get(name);
      if (tensor === undefined) throw new Error(`Expected tensor ${name} in ${path}.`);
      return tensor;
    },
  };
}

function toFloat32(dtype: string, bytes: Uint8Array): Float32Array {
  const { buffer } = bytes;
  switch (dtype) {
    case "F32":
      return new Float32Array(buffer as ArrayBuffer);
    case "I32":
      return Float32Array.from(new Int32Array(buffer as ArrayBuffer));
    case "I64":
      return Float32Array.from(new BigInt64Array(buffer as ArrayBuffer), Number);
    case "U8":
    case "BOOL":
      return Float32Array.from(bytes);
    case "BF16": {
      const wide = new Uint32Array(bytes.length / 2);
      new Uint16Array(buffer as ArrayBuffer).forEach((half, i) => (wide[i] = half << 16));
      return new Float32Array(wide.buffer);
    }
    case "F16":
      return Float32Array.from(new Uint16Array(buffer as ArrayBuffer), halfToNumber);
    default:
      throw new Error(`Expected a known type, got ${dtype}.`);
  }
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
