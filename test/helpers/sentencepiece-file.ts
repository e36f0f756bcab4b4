/** Writes sentencepiece model files for tests. */
export interface PieceSpec {
  readonly text: string;
  readonly score?: number;
  readonly type?: number;
}

export interface ModelSpec {
  readonly modelType?: number;
  readonly byteFallback?: boolean;
  readonly spaceIsSuffix?: boolean;
  readonly addDummyPrefix?: boolean;
  readonly removeExtraSpaces?: boolean;
  readonly charsmap?: Uint8Array;
}

export function modelFile(pieces: readonly PieceSpec[], spec: ModelSpec = {}): Uint8Array {
  const chunks = pieces.map(({ text, score, type }) =>
    Buffer.from(
      bytesField(1, [
        ...bytesField(1, new TextEncoder().encode(text)),
        ...(score === undefined ? [] : [0x15, ...new Uint8Array(Float32Array.of(score).buffer)]),
        ...(type === undefined ? [] : varintField(3, type)),
      ]),
    ),
  );
  const trainer = [
    ...varintField(3, spec.modelType ?? 1),
    ...varintField(24, Number(spec.spaceIsSuffix ?? false)),
    ...varintField(35, Number(spec.byteFallback ?? false)),
  ];
  const normalizer = [
    ...(spec.charsmap === undefined ? [] : bytesField(2, spec.charsmap)),
    ...varintField(3, Number(spec.addDummyPrefix ?? true)),
    ...varintField(4, Number(spec.removeExtraSpaces ?? true)),
  ];
  return Buffer.concat([
    ...chunks,
    Buffer.from(bytesField(2, trainer)),
    Buffer.from(bytesField(3, normalizer)),
  ]);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

function varintField(number: number, value: number): number[] {
  return [...varint(number * 8), ...varint(value)];
}

function bytesField(number: number, bytes: ArrayLike<number>): number[] {
  return [...varint(number * 8 + 2), ...varint(bytes.length), ...Array.from(bytes)];
}
