/**
 * Headers of GGUF files (repository ggml-org/ggml, docs/gguf.md), versions 2 and 3: counts, keys, a description of each
 * tensor, then their data at aligned places. Everything the header says is checked against the file.
 */
import { BLOCK_FORMATS, type BlockFormat } from "#runtime/tensor/block-format";
import { MAX_RANK, shapeText } from "#runtime/tensor/layout";
import { checkpointError, quoted } from "./checkpoint-error.ts";
import { openRanges } from "./file-range.ts";
import { GgufCursor } from "./gguf-cursor.ts";
import { readKeys, type GgufValue } from "./gguf-keys.ts";
import { foreignFile, HEAD_BYTES } from "./refuse.ts";
import { tensorType } from "./stored-type.ts";
import type { TensorEntry } from "./tensor-file.ts";

export interface GgufHeader {
  readonly path: string;
  readonly size: number;
  readonly keys: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly alignment: number;
  /** Where the tensors' data begin. */
  readonly dataStart: number;
}

interface StoredFormat extends Omit<BlockFormat, "number"> {
  /** Elements that stand for themselves are no blocks. */
  readonly blocks: BlockFormat | null;
}

const stored = (name: string, bytes: number, elements = 1): StoredFormat => ({
  name,
  elements,
  bytes,
  blocks: null,
});
const FORMATS: ReadonlyMap<number, StoredFormat> = new Map([
  [0, stored("F32", 4)],
  [1, stored("F16", 2)],
  [24, stored("I8", 1)],
  [25, stored("I16", 2)],
  [26, stored("I32", 4)],
  [27, stored("I64", 8)],
  [28, stored("F64", 8)],
  [30, stored("BF16", 2)],
  // Formats that exist but that no weight of a published file has: they are listed and not read.
  [9, stored("Q8_1", 40, 32)],
  [15, stored("Q8_K", 292, 256)],
  [41, stored("Q1_0", 18, 128)],
  ...BLOCK_FORMATS.map((format) => [format.number, { ...format, blocks: format }] as const),
]);

const DEFAULT_ALIGNMENT = 32;
const ORIGINAL_SHAPE = "comfy.gguf.orig_shape.";
/** Length of a name, number of dimensions, type, offset. */
const LEAST_INFO = 8 + 4 + 4 + 8;

/** True for what opens with the format's four letters, or is named so. Throws ERR_FILE. */
export function isGguf(path: string): boolean {
  if (path.toLowerCase().endsWith(".gguf")) return true;
  using file = openRanges(path);
  return file.size >= 4 && Buffer.from(file.read(0, 4)).toString("latin1") === "GGUF";
}

/** Reads and checks a header; no tensor data is touched. Throws ERR_FILE, ERR_CHECKPOINT. */
export function readGgufHeader(path: string): GgufHeader {
  using file = openRanges(path);
  const { size } = file;
  const head = file.read(0, Math.min(size, HEAD_BYTES));
  if (Buffer.from(head).toString("latin1", 0, 4) !== "GGUF") {
    throw foreignFile(path, head, "it does not begin with GGUF", "a GGUF file");
  }
  const cursor = new GgufCursor(path, file);
  cursor.bytes(4, "the format's letters");
  checkVersion(cursor, cursor.u32("the version"));
  const tensorCount = cursor.u64("the number of tensors");
  const keyCount = cursor.u64("the number of keys");
  const keys = readKeys(cursor, keyCount);
  checkWhole(cursor, keys);
  const alignment = readAlignment(cursor, keys);
  const infos = readInfos(cursor, tensorCount);
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  const tensors = new Map<string, TensorEntry>();
  for (const [name, info] of infos) {
    tensors.set(name, place(cursor, name, info, { keys, alignment, dataStart, size }));
  }
  checkOverlap(path, tensors);
  return { path, size, keys, tensors, alignment, dataStart };
}

function checkVersion(cursor: GgufCursor, version: number): void {
  if (version === 2 || version === 3) return;
  const swapped = (version & 0xffff) === 0 && version !== 0;
  cursor.fail(
    swapped
      ? "Expected a little-endian GGUF file, got one for big-endian machines. Get the common file, or convert it"
      : `Expected a GGUF file of version 2 or 3, got version ${version}${version === 1 ? ", which is no longer in use. Convert the model again" : ""}`,
  );
}

function checkWhole(cursor: GgufCursor, keys: ReadonlyMap<string, GgufValue>): void {
  const count = keys.get("split.count")?.value;
  if (typeof count !== "number" || count <= 1) return;
  const part = keys.get("split.no")?.value;
  cursor.fail(
    `Expected a whole model, got part ${typeof part === "number" ? part + 1 : "?"} of ${count}. ` +
      "Join the parts with `llama-gguf-split --merge`",
  );
}

function readAlignment(cursor: GgufCursor, keys: ReadonlyMap<string, GgufValue>): number {
  const found = keys.get("general.alignment");
  if (found === undefined) return DEFAULT_ALIGNMENT;
  const { type, value } = found;
  const usable =
    type === "UINT32" &&
    typeof value === "number" &&
    value > 0 &&
    Number.isInteger(Math.log2(value));
  if (usable) return value;
  const shown = typeof value === "object" ? "an array" : String(value);
  return cursor.fail(
    `key "general.alignment": Expected a power of two as UINT32, got ${type} ${shown}`,
  );
}

interface TensorInfo {
  /** The contiguous axis first. */
  readonly dims: readonly bigint[];
  readonly format: StoredFormat;
  readonly offset: bigint;
}

function readInfos(cursor: GgufCursor, count: bigint): Map<string, TensorInfo> {
  const infos = new Map<string, TensorInfo>();
  const total = cursor.checked(count, "a number of tensors", LEAST_INFO);
  for (let i = 0; i < total; i++) {
    const name = cursor.string(`the name of tensor ${i}`);
    const what = `tensor ${quoted(name)}`;
    if (infos.has(name)) cursor.fail(`Expected each tensor once, got ${quoted(name)} twice`);
    const rank = cursor.u32(`the rank of ${what}`);
    if (rank > MAX_RANK) {
      cursor.fail(`${what}: Expected at most ${MAX_RANK} dimensions, got ${rank}`);
    }
    const dims = Array.from({ length: rank }, () => cursor.u64(`a size of ${what}`));
    const number = cursor.u32(`the type of ${what}`);
    const format = FORMATS.get(number);
    if (format === undefined) {
      return cursor.fail(`${what}: Expected a known type, got number ${number}`);
    }
    infos.set(name, { dims, format, offset: cursor.u64(`the offset of ${what}`) });
  }
  return infos;
}

interface Placing {
  readonly keys: ReadonlyMap<string, GgufValue>;
  readonly alignment: number;
  readonly dataStart: number;
  readonly size: number;
}

function place(
  cursor: GgufCursor,
  name: string,
  { dims, format, offset }: TensorInfo,
  { keys, alignment, dataStart, size }: Placing,
): TensorEntry {
  const what = `tensor ${quoted(name)}`;
  const elements = dims.reduce((product, length) => product * length, 1n);
  const row = dims[0] ?? 1n;
  if (row % BigInt(format.elements) !== 0n) {
    cursor.fail(
      `${what}: Expected rows of whole blocks (${format.elements} elements of ${format.name}), got rows of ${row}`,
    );
  }
  const bytes = (elements / BigInt(format.elements)) * BigInt(format.bytes);
  if (offset % BigInt(alignment) !== 0n) {
    cursor.fail(`${what}: Expected an offset that is a multiple of ${alignment}, got ${offset}`);
  }
  const end = BigInt(dataStart) + offset + bytes;
  if (bytes > 0n && end > BigInt(size)) {
    cursor.fail(
      `${what}: Expected ${bytes} bytes of ${format.name} ${shapeText(dims.map(Number))} to end by byte ${size}, ` +
        `the end of the file, got ${end}. The file is cut off or damaged`,
    );
  }
  // Sizes of a tensor without elements are bound by nothing else.
  if (dims.some((length) => length > BigInt(Number.MAX_SAFE_INTEGER))) {
    cursor.fail(`${what}: Expected sizes below 2^53, got ${dims.join(", ")}`);
  }
  const shape = originalShape(cursor, name, keys, elements) ?? dims.map(Number).reverse();
  return {
    shape,
    dtype: format.blocks === null ? tensorType(format.name) : "f32",
    storedType: format.name,
    path: cursor.path,
    byteOffset: bytes === 0n ? 0 : dataStart + Number(offset),
    bytes: Number(bytes),
    ...(format.blocks === null ? {} : { blocks: format.blocks }),
  };
}

/** The shape before a converter folded it: axes that are too short for a block, or too many. */
function originalShape(
  cursor: GgufCursor,
  name: string,
  keys: ReadonlyMap<string, GgufValue>,
  elements: bigint,
): number[] | null {
  const key = ORIGINAL_SHAPE + name;
  const found = keys.get(key)?.value;
  if (found === undefined) return null;
  const values = typeof found === "object" ? Array.from<unknown>(found.values) : [];
  const shape = values.map(Number);
  const usable =
    typeof found === "object" &&
    shape.length <= MAX_RANK &&
    shape.every((length) => Number.isSafeInteger(length) && length >= 0) &&
    shape.reduce((product, length) => product * BigInt(length), 1n) === elements;
  if (usable) return shape;
  const shown = typeof found === "object" ? shapeText(shape.slice(0, MAX_RANK)) : String(found);
  return cursor.fail(`key ${quoted(key)}: Expected a shape of ${elements} elements, got ${shown}`);
}

function checkOverlap(path: string, tensors: ReadonlyMap<string, TensorEntry>): void {
  const ordered = [...tensors]
    .filter(([, { bytes }]) => bytes > 0)
    .toSorted(([, a], [, b]) => a.byteOffset - b.byteOffset);
  let end = 0;
  for (const [name, { byteOffset, bytes }] of ordered) {
    if (byteOffset < end) {
      throw checkpointError(
        path,
        `tensor ${quoted(name)}: Expected its data from byte ${end} on, got ${byteOffset}, which overlaps another`,
      );
    }
    end = byteOffset + bytes;
  }
}
