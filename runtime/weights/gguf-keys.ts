/** The key-value pairs of a GGUF file (repository ggml-org/ggml, docs/gguf.md). */
import { quoted } from "./checkpoint-error.ts";
import type { GgufCursor } from "./gguf-cursor.ts";

/** 64-bit integers are bigints. */
export type GgufScalar = number | bigint | boolean | string;
export interface GgufArray {
  readonly type: string;
  readonly values: ArrayLike<GgufScalar> | readonly GgufArray[];
}
export interface GgufValue {
  /** "UINT32", "STRING", "ARRAY" ... */
  readonly type: string;
  readonly value: GgufScalar | GgufArray;
}

interface NumberType {
  readonly name: string;
  readonly bytes: number;
  read(view: DataView): GgufScalar;
  array(buffer: ArrayBuffer): ArrayLike<GgufScalar>;
}

const flag = (byte: number): boolean => byte !== 0;

/** By their number in the file. */
const NUMBERS: ReadonlyMap<number, NumberType> = new Map<number, NumberType>([
  [0, { name: "UINT8", bytes: 1, read: (v) => v.getUint8(0), array: (b) => new Uint8Array(b) }],
  [1, { name: "INT8", bytes: 1, read: (v) => v.getInt8(0), array: (b) => new Int8Array(b) }],
  [
    2,
    {
      name: "UINT16",
      bytes: 2,
      read: (v) => v.getUint16(0, true),
      array: (b) => new Uint16Array(b),
    },
  ],
  [
    3,
    { name: "INT16", bytes: 2, read: (v) => v.getInt16(0, true), array: (b) => new Int16Array(b) },
  ],
  [
    4,
    {
      name: "UINT32",
      bytes: 4,
      read: (v) => v.getUint32(0, true),
      array: (b) => new Uint32Array(b),
    },
  ],
  [
    5,
    { name: "INT32", bytes: 4, read: (v) => v.getInt32(0, true), array: (b) => new Int32Array(b) },
  ],
  [
    6,
    {
      name: "FLOAT32",
      bytes: 4,
      read: (v) => v.getFloat32(0, true),
      array: (b) => new Float32Array(b),
    },
  ],
  [
    7,
    {
      name: "BOOL",
      bytes: 1,
      read: (v) => flag(v.getUint8(0)),
      array: (b) => Array.from(new Uint8Array(b), flag),
    },
  ],
  [
    10,
    {
      name: "UINT64",
      bytes: 8,
      read: (v) => v.getBigUint64(0, true),
      array: (b) => new BigUint64Array(b),
    },
  ],
  [
    11,
    {
      name: "INT64",
      bytes: 8,
      read: (v) => v.getBigInt64(0, true),
      array: (b) => new BigInt64Array(b),
    },
  ],
  [
    12,
    {
      name: "FLOAT64",
      bytes: 8,
      read: (v) => v.getFloat64(0, true),
      array: (b) => new Float64Array(b),
    },
  ],
]);
const STRING = 8;
const ARRAY = 9;
const MAX_DEPTH = 4;
/** Lengths of a name, of a type and of the smallest value. */
const LEAST_PAIR = 8 + 4 + 1;

export function readKeys(cursor: GgufCursor, count: bigint): Map<string, GgufValue> {
  const pairs = cursor.checked(count, "a number of keys", LEAST_PAIR);
  const keys = new Map<string, GgufValue>();
  for (let i = 0; i < pairs; i++) {
    const key = cursor.string(`key ${i}`);
    if (keys.has(key)) cursor.fail(`Expected each key once, got ${quoted(key)} twice`);
    keys.set(key, readValue(cursor, `key ${quoted(key)}`));
  }
  return keys;
}

function readValue(cursor: GgufCursor, what: string): GgufValue {
  const type = cursor.u32(`a value type of ${what}`);
  if (type === STRING) return { type: "STRING", value: cursor.string(`the text of ${what}`) };
  if (type === ARRAY) return { type: "ARRAY", value: readArray(cursor, what, 1) };
  const known = NUMBERS.get(type);
  if (known === undefined) {
    return cursor.fail(`${what}: Expected a value type of 0 to 12, got ${type}`);
  }
  return { type: known.name, value: known.read(cursor.view(known.bytes, what)) };
}

function readArray(cursor: GgufCursor, what: string, depth: number): GgufArray {
  const type = cursor.u32(`an element type of ${what}`);
  const length = `a number of elements of ${what}`;
  if (type === STRING) {
    const count = cursor.count(length, 8);
    const values = inOrder(count, () => cursor.string(`a text of ${what}`));
    return { type: "STRING", values };
  }
  if (type === ARRAY) {
    if (depth >= MAX_DEPTH) cursor.fail(`${what}: Expected at most ${MAX_DEPTH} levels, got more`);
    const count = cursor.count(length, 12);
    const values = inOrder(count, () => readArray(cursor, what, depth + 1));
    return { type: "ARRAY", values };
  }
  const known = NUMBERS.get(type);
  if (known === undefined) {
    return cursor.fail(`${what}: Expected an element type of 0 to 12, got ${type}`);
  }
  const count = cursor.count(length, known.bytes);
  const bytes = cursor.bytes(count * known.bytes, what);
  return { type: known.name, values: known.array(bytes.buffer) };
}

/** Grows as it is read, so that a lying count reserves nothing. */
function inOrder<T>(count: number, read: () => T): T[] {
  const values: T[] = [];
  for (let i = 0; i < count; i++) values.push(read());
  return values;
}

/** The list of a key when its elements are of that type. */
export function ggufArray(
  keys: ReadonlyMap<string, GgufValue>,
  key: string,
  type: string,
): GgufArray | undefined {
  const value = keys.get(key)?.value;
  return typeof value === "object" && value.type === type ? value : undefined;
}

const SHOWN_ELEMENTS = 16;

/** Keys as text: plain values, and arrays that are short. */
export function ggufMetadata(
  keys: ReadonlyMap<string, GgufValue>,
): Readonly<Record<string, string>> {
  const entries: [string, string][] = [];
  for (const [key, { value }] of keys) {
    if (typeof value !== "object") entries.push([key, String(value)]);
    else if (value.type !== "ARRAY" && value.values.length <= SHOWN_ELEMENTS) {
      entries.push([key, `[${Array.from<unknown>(value.values).map(String).join(", ")}]`]);
    }
  }
  return Object.fromEntries(entries);
}
