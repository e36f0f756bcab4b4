import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { UmbelError } from "#runtime/errors";
import { storedBits } from "./stored-type.ts";

/** A tensor to be written: its bytes in the stored type, row-major, little endian. */
export interface StoredTensor {
  /** "F32", "BF16" ... */
  readonly storedType: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/**
 * Writes a safetensors file, tensors in the order of the map. The file appears under its name only when it is complete.
 * Throws ERR_DTYPE, ERR_SHAPE, ERR_FILE, ERR_DISK_FULL.
 */
export function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header["__metadata__"] = metadata;
  let position = 0;
  for (const [name, tensor] of tensors) {
    checkStored(name, tensor);
    const end = position + tensor.bytes.byteLength;
    header[name] = { dtype: tensor.storedType, shape: tensor.shape, data_offsets: [position, end] };
    position = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padding = Buffer.alloc((8 - (json.length % 8)) % 8, " ");
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length + padding.length));
  replaceFile(path, [length, json, padding, ...[...tensors.values()].map(({ bytes }) => bytes)]);
}

function checkStored(name: string, { storedType, shape, bytes }: StoredTensor): void {
  const bits = storedBits(storedType);
  if (bits === null)
    throw new UmbelError("ERR_DTYPE", `Expected a known type for ${name}, got ${storedType}.`);
  const expected = shape.reduce((product, size) => product * size, bits) / 8;
  if (expected !== bytes.byteLength) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected ${expected} bytes for ${name}, ${storedType} [${shape.join(", ")}], got ${bytes.byteLength}.`,
    );
  }
}

function replaceFile(path: string, parts: readonly Uint8Array[]): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const descriptor = openSync(temporary, "w");
    try {
      for (const part of parts) {
        for (let written = 0; written < part.length;) {
          written += writeSync(descriptor, part, written);
        }
      }
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    const reason = (error as NodeJS.ErrnoException).code;
    const code = reason === "ENOSPC" ? "ERR_DISK_FULL" : "ERR_FILE";
    throw new UmbelError(code, `Expected to write ${path}, got ${reason ?? String(error)}.`, {
      cause: error,
    });
  }
}
