/**
 * Headers of safetensors files (huggingface/safetensors), which are: a u64 length, that much JSON, then the tensors' bytes
 * without holes. Everything the header says is checked against the file before anyone relies on it.
 */
import { shapeText, MAX_RANK } from "#runtime/tensor/layout";
import { checkpointError, quoted } from "./checkpoint-error.ts";
import { openRanges } from "./file-range.ts";
import { foreignFile, HEAD_BYTES } from "./refuse.ts";
import { storedBits, tensorType } from "./stored-type.ts";
import { isJsonObject, parseStrictJson, type JsonObject, type JsonValue } from "./strict-json.ts";
import type { TensorEntry } from "./tensor-file.ts";

/** The reference implementation's own limit. */
const MAX_HEADER = 100_000_000;
const LENGTH_BYTES = 8;

export interface SafetensorsHeader {
  readonly path: string;
  /** Bytes of all files. */
  readonly size: number;
  /** File -> its bytes when the header was read. */
  readonly fileSizes: ReadonlyMap<string, number>;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads and checks a header; no tensor data is touched. Throws ERR_FILE, ERR_CHECKPOINT (naming the tensor, what was
 * expected and what was found).
 */
export function readSafetensorsHeader(path: string): SafetensorsHeader {
  using file = openRanges(path);
  const { size } = file;
  if (size === 0) throw checkpointError(path, "Expected a safetensors file, got an empty file");
  const head = file.read(0, Math.min(size, HEAD_BYTES));
  if (size < LENGTH_BYTES + 2) {
    throw foreignFile(path, head, `Expected at least 10 bytes, got ${size}`);
  }
  const length = new DataView(head.buffer).getBigUint64(0, true);
  const opening = head[LENGTH_BYTES] === 0x7b;
  if (length > BigInt(size - LENGTH_BYTES)) {
    const problem = `Expected a header of at most ${size - LENGTH_BYTES} bytes, got a length of ${length}`;
    if (!opening) throw foreignFile(path, head, problem);
    throw checkpointError(path, `${problem}. The file is cut off or damaged`);
  }
  if (length > BigInt(MAX_HEADER)) {
    throw checkpointError(path, `Expected a header of at most ${MAX_HEADER} bytes, got ${length}`);
  }
  if (!opening) throw foreignFile(path, head, 'Expected a header that begins with "{"');
  const header = parseHeader(path, file.read(LENGTH_BYTES, Number(length)));
  const dataStart = LENGTH_BYTES + Number(length);
  const tensors = readTensors(path, header, dataStart, size);
  return {
    path,
    size,
    fileSizes: new Map([[path, size]]),
    tensors,
    metadata: readMetadata(path, header.get("__metadata__")),
  };
}

function parseHeader(path: string, bytes: Uint8Array): JsonObject {
  const fail = (problem: string): never => {
    throw checkpointError(path, `${problem} (in the header)`);
  };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail("Expected UTF-8 text, got other bytes");
  }
  const header = parseStrictJson(text, fail);
  return isJsonObject(header) ? header : fail("Expected a JSON object, got another value");
}

function readMetadata(path: string, value: JsonValue | undefined): Record<string, string> {
  if (value === undefined) return {};
  if (!isJsonObject(value)) {
    throw checkpointError(path, "Expected __metadata__ to be an object, got another value");
  }
  const entries: [string, string][] = [];
  for (const [key, text] of value) {
    if (typeof text !== "string") {
      throw checkpointError(
        path,
        `Expected text in __metadata__ ${quoted(key)}, got another value`,
      );
    }
    entries.push([key, text]);
  }
  return Object.fromEntries(entries);
}

function readTensors(
  path: string,
  header: JsonObject,
  dataStart: number,
  size: number,
): Map<string, TensorEntry> {
  const tensors = new Map<string, TensorEntry>();
  for (const [name, value] of header) {
    if (name !== "__metadata__") tensors.set(name, readEntry(path, name, value, dataStart));
  }
  checkCoverage(path, tensors, dataStart, size);
  return tensors;
}

function readEntry(path: string, name: string, value: JsonValue, dataStart: number): TensorEntry {
  const wrong = (expected: string, found: string): never => {
    throw checkpointError(path, `tensor ${quoted(name)}: Expected ${expected}, got ${found}`);
  };
  if (!isJsonObject(value))
    return wrong("an object with dtype, shape and data_offsets", "another value");
  for (const key of value.keys()) {
    if (key !== "dtype" && key !== "shape" && key !== "data_offsets") {
      wrong("dtype, shape and data_offsets only", `key ${quoted(key)}`);
    }
  }
  const storedType = value.get("dtype");
  if (typeof storedType !== "string") return wrong("a dtype", "none");
  const bits = storedBits(storedType);
  if (bits === null) return wrong("a known dtype", quoted(storedType));
  const shape = sizes(value.get("shape"));
  if (shape === null || shape.length > MAX_RANK) {
    return wrong(`a shape of at most ${MAX_RANK} integers of 0 or more`, show(value.get("shape")));
  }
  const offsets = sizes(value.get("data_offsets"));
  const [start, end] = offsets ?? [];
  if (start === undefined || end === undefined || offsets?.length !== 2 || end < start) {
    return wrong("data_offsets [start, end] in order", show(value.get("data_offsets")));
  }
  const elements = shape.reduce((product, length) => product * BigInt(length), 1n);
  const expectedBits = elements * BigInt(bits);
  if (expectedBits !== BigInt(end - start) * 8n) {
    const bytes = expectedBits % 8n === 0n ? `${expectedBits / 8n} bytes` : "whole bytes";
    return wrong(`${bytes} for ${storedType} ${shapeText(shape)}`, `${end - start} bytes`);
  }
  const byteOffset = dataStart + start;
  return { shape, dtype: tensorType(storedType), storedType, path, byteOffset, bytes: end - start };
}

/** Tensors must follow each other from the header to the end of the file. */
function checkCoverage(
  path: string,
  tensors: ReadonlyMap<string, TensorEntry>,
  dataStart: number,
  size: number,
): void {
  const ordered = [...tensors].toSorted(
    ([, a], [, b]) => a.byteOffset - b.byteOffset || a.bytes - b.bytes,
  );
  let position = dataStart;
  for (const [name, { byteOffset, bytes }] of ordered) {
    if (byteOffset + bytes > size) {
      const missing = byteOffset + bytes - size;
      throw checkpointError(
        path,
        `tensor ${quoted(name)}: Expected its data to end by byte ${size}, the end of the file, got ` +
          `${byteOffset + bytes}. The file is cut off (at least ${missing} bytes are missing) or damaged`,
      );
    }
    if (byteOffset !== position) {
      const problem = byteOffset < position ? "overlaps another" : "leaves a hole before it";
      throw checkpointError(
        path,
        `tensor ${quoted(name)}: Expected its data at byte ${position}, got ${byteOffset}, which ${problem}`,
      );
    }
    position += bytes;
  }
  if (position !== size) {
    throw checkpointError(
      path,
      `Expected the file to end at byte ${position}, after its last tensor, got ${size - position} more bytes`,
    );
  }
}

function sizes(value: JsonValue | undefined): number[] | null {
  if (!Array.isArray(value)) return null;
  const numbers: number[] = [];
  for (const item of value as readonly JsonValue[]) {
    if (typeof item !== "number" || !Number.isSafeInteger(item) || item < 0) return null;
    numbers.push(item);
  }
  return numbers;
}

function show(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  return Array.isArray(value) && value.length <= 16 ? JSON.stringify(value) : "another value";
}
