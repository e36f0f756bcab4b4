import { UmbelError } from "#runtime/errors";
import { shapeText, type DType } from "#runtime/tensor/layout";
import type { Device, FileMapping } from "#runtime/tensor/device";
import { mapFile } from "#runtime/tensor/file-mapping";
import { dequantize } from "#runtime/tensor/ops";
import type { Tensor } from "#runtime/tensor/tensor";
import { checkpointError, quoted } from "./checkpoint-error.ts";
import { openRanges } from "./file-range.ts";
import { ggufEmbedded } from "./gguf-embedded.ts";
import { isGguf, readGgufHeader } from "./gguf.ts";
import { ggufMetadata } from "./gguf-keys.ts";
import { readSafetensorsHeader, type SafetensorsHeader } from "./safetensors.ts";
import { isShardedIndex, readShardedHeader } from "./sharded-index.ts";
import { READABLE_TYPES } from "./stored-type.ts";
import type { TensorEntry, TensorFile } from "./tensor-file.ts";

/**
 * Opens a safetensors file, a sharded index or a GGUF file. Only headers are read; files are mapped when a tensor is first
 * wanted. Throws ERR_FILE, ERR_CHECKPOINT.
 */
export function openCheckpoint(path: string): TensorFile {
  if (isShardedIndex(path)) return new CheckpointFile(readShardedHeader(path));
  return new CheckpointFile(isGguf(path) ? ggufCheckpoint(path) : readSafetensorsHeader(path));
}

interface Header extends SafetensorsHeader {
  readonly embedded?: ReadonlyMap<string, () => Uint8Array>;
}

function ggufCheckpoint(path: string): Header {
  const { size, keys, tensors } = readGgufHeader(path);
  const embedded = ggufEmbedded(path, keys);
  return {
    path,
    size,
    fileSizes: new Map([[path, size]]),
    tensors,
    metadata: ggufMetadata(keys),
    embedded,
  };
}

class CheckpointFile implements TensorFile {
  readonly path: string;
  readonly size: number;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly embedded: ReadonlyMap<string, () => Uint8Array>;
  readonly #fileSizes: ReadonlyMap<string, number>;
  readonly #mappings = new Map<string, FileMapping>();

  constructor(header: Header) {
    this.path = header.path;
    this.size = header.size;
    this.tensors = header.tensors;
    this.metadata = header.metadata;
    this.embedded = header.embedded ?? new Map();
    this.#fileSizes = header.fileSizes;
  }

  tensor(name: string, device: Device): Tensor {
    const entry = this.#entry(name);
    const dtype = readableType(entry, name);
    if (entry.blocks === undefined) {
      return device.fromMapping(this.#mapping(entry), entry.byteOffset, entry.shape, dtype);
    }
    using blocks = this.stored(name, device);
    return dequantize(blocks, entry.blocks, entry.shape, dtype);
  }

  stored(name: string, device: Device): Tensor {
    const entry = this.#entry(name);
    return device.fromMapping(this.#mapping(entry), entry.byteOffset, [entry.bytes], "u8");
  }

  read(name: string): Uint8Array<ArrayBuffer> {
    const entry = this.#entry(name);
    using file = openRanges(entry.path);
    return file.read(entry.byteOffset, entry.bytes);
  }

  /** Tensors that were made stay valid: each keeps its mapping. */
  [Symbol.dispose](): void {
    for (const mapping of this.#mappings.values()) mapping.close();
    this.#mappings.clear();
  }

  #entry(name: string): TensorEntry {
    const entry = this.tensors.get(name);
    if (entry !== undefined) return entry;
    throw new UmbelError(
      "ERR_MISSING_TENSOR",
      `Expected tensor ${quoted(name)} in ${this.path}, got none.`,
    );
  }

  #mapping(entry: TensorEntry): FileMapping {
    const open = this.#mappings.get(entry.path);
    if (open !== undefined) return open;
    const mapping = mapFile(entry.path);
    const expected = this.#fileSizes.get(entry.path);
    if (mapping.size !== expected) {
      mapping.close();
      throw checkpointError(
        entry.path,
        `Expected ${expected} bytes, got ${mapping.size}: the file was changed after it was opened`,
      );
    }
    this.#mappings.set(entry.path, mapping);
    return mapping;
  }
}

function readableType(entry: TensorEntry, name: string): DType {
  if (entry.dtype !== "other") return entry.dtype;
  throw checkpointError(
    entry.path,
    `tensor ${quoted(name)}: Expected one of ${READABLE_TYPES.join(", ")}, got ${entry.storedType} ` +
      shapeText(entry.shape),
  );
}
