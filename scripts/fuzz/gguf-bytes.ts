/** Writes small GGUF files. */
export type KeyValue =
  | { readonly type: 4 | 5; readonly value: number }
  | { readonly type: 7; readonly value: boolean }
  | { readonly type: 8; readonly value: string }
  | { readonly type: 9; readonly of: 0 | 5 | 6; readonly values: readonly number[] }
  | { readonly type: 9; readonly of: 8; readonly values: readonly string[] };

export interface GgufTensor {
  /** The contiguous axis first. */
  readonly dims: readonly number[];
  /** Number of the format. */
  readonly type: number;
  readonly bytes: Uint8Array;
}

const ALIGNMENT = 32;

export function ggufBytes(
  keys: Readonly<Record<string, KeyValue>>,
  tensors: ReadonlyMap<string, GgufTensor>,
  version = 3,
): Uint8Array {
  const head: Uint8Array[] = [
    Buffer.from("GGUF"),
    u32(version),
    u64(tensors.size),
    u64(Object.keys(keys).length),
  ];
  for (const [key, value] of Object.entries(keys)) head.push(text(key), valueBytes(value));
  let offset = 0;
  const data: Uint8Array[] = [];
  for (const [name, { dims, type, bytes }] of tensors) {
    head.push(text(name), u32(dims.length), ...dims.map(u64), u32(type), u64(offset));
    const padded = Buffer.alloc(aligned(bytes.length));
    padded.set(bytes);
    data.push(padded);
    offset += padded.length;
  }
  const header = Buffer.concat(head);
  return Buffer.concat([header, Buffer.alloc(aligned(header.length) - header.length), ...data]);
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function valueBytes(value: KeyValue): Buffer {
  switch (value.type) {
    case 4:
    case 5:
      return Buffer.concat([u32(value.type), u32(value.value)]);
    case 7:
      return Buffer.concat([u32(7), Buffer.of(Number(value.value))]);
    case 8:
      return Buffer.concat([u32(8), text(value.value)]);
    case 9:
      return Buffer.concat([u32(9), u32(value.of), u64(value.values.length), ...elements(value)]);
  }
}

function elements(value: Extract<KeyValue, { type: 9 }>): Buffer[] {
  if (value.of === 8) return value.values.map(text);
  return value.values.map((number) => {
    if (value.of === 0) return Buffer.of(number);
    if (value.of === 5) return u32(number);
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(number);
    return bytes;
  });
}
