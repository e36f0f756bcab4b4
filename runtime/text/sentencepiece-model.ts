/** The parts of a sentencepiece model file (repository google/sentencepiece, sentencepiece_model.proto) that encode. */
import { UmbelError } from "#runtime/errors";
import { FieldReader, WIRE } from "./protobuf.ts";

export const PIECE = {
  normal: 1,
  unknown: 2,
  control: 3,
  userDefined: 4,
  unused: 5,
  byte: 6,
} as const;

export interface SentencePieceModel {
  readonly pieces: PieceTable;
  readonly scores: Float32Array;
  /** Values of PIECE. */
  readonly types: Uint8Array;
  readonly trainer: TrainerSpec;
  readonly normalizer: NormalizerSpec;
}

export interface TrainerSpec {
  readonly modelType: number;
  readonly byteFallback: boolean;
  readonly spaceIsSuffix: boolean;
  readonly endPiece: string;
}

export interface NormalizerSpec {
  readonly charsmap: Uint8Array;
  readonly addDummyPrefix: boolean;
  readonly removeExtraSpaces: boolean;
  readonly escapeSpaces: boolean;
}

/** UTF-8 texts of the pieces, as places in the file. */
export class PieceTable {
  readonly file: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;

  constructor(file: Uint8Array, starts: readonly number[], ends: readonly number[]) {
    this.file = file;
    this.starts = Int32Array.from(starts);
    this.ends = Int32Array.from(ends);
  }

  get count(): number {
    return this.starts.length;
  }

  /** Empty for ids outside the table. */
  text(id: number): string {
    return new TextDecoder().decode(this.file.subarray(this.starts[id] ?? 0, this.ends[id] ?? 0));
  }
}

const UNIGRAM = 1;
const TRAINER: TrainerSpec = {
  modelType: UNIGRAM,
  byteFallback: false,
  spaceIsSuffix: false,
  endPiece: "</s>",
};
const NORMALIZER: NormalizerSpec = {
  charsmap: new Uint8Array(0),
  addDummyPrefix: true,
  removeExtraSpaces: true,
  escapeSpaces: true,
};

/** Throws ERR_TOKENIZER when the bytes are not a Unigram model. */
export function parseSentencePieceModel(file: Uint8Array): SentencePieceModel {
  const starts: number[] = [];
  const ends: number[] = [];
  const scores: number[] = [];
  const types: number[] = [];
  let trainer = TRAINER;
  let normalizer = NORMALIZER;
  const fields = new FieldReader(file);
  const inner = new FieldReader(file);
  fields.enter(0, file.length);
  while (fields.next()) {
    if (fields.wire !== WIRE.bytes) continue;
    inner.enter(fields.start, fields.end);
    if (fields.number === 1) {
      let [start, end, score, type] = [0, 0, 0, PIECE.normal as number];
      while (inner.next()) {
        if (inner.number === 1 && inner.wire === WIRE.bytes)
          [start, end] = [inner.start, inner.end];
        else if (inner.number === 2 && inner.wire === WIRE.fixed32) score = inner.float;
        else if (inner.number === 3 && inner.wire === WIRE.varint) type = inner.varint;
      }
      checkPiece(starts.length, end - start, type);
      starts.push(start);
      ends.push(end);
      scores.push(score);
      types.push(type);
    } else if (fields.number === 2) {
      trainer = parseTrainer(inner, trainer);
    } else if (fields.number === 3) {
      normalizer = parseNormalizer(inner, normalizer);
    }
  }
  if (starts.length === 0) {
    throw new UmbelError(
      "ERR_TOKENIZER",
      "Expected a sentencepiece model, got a file without pieces.",
    );
  }
  if (trainer.modelType !== UNIGRAM) {
    throw new UmbelError(
      "ERR_TOKENIZER",
      `Expected a Unigram model (type 1), got type ${trainer.modelType}.`,
    );
  }
  return {
    pieces: new PieceTable(file, starts, ends),
    scores: Float32Array.from(scores),
    types: Uint8Array.from(types),
    trainer,
    normalizer,
  };
}

function checkPiece(index: number, length: number, type: number): void {
  if (length > 0 && type >= PIECE.normal && type <= PIECE.byte) return;
  throw new UmbelError(
    "ERR_TOKENIZER",
    `Expected a piece with text and a type of 1..6 at place ${index}, got ${length} bytes and type ${type}.`,
  );
}

function parseTrainer(field: FieldReader, defaults: TrainerSpec): TrainerSpec {
  let spec = defaults;
  while (field.next()) {
    if (field.number === 3 && field.wire === WIRE.varint)
      spec = { ...spec, modelType: field.varint };
    else if (field.number === 24) spec = { ...spec, spaceIsSuffix: isTrue(field) };
    else if (field.number === 35) spec = { ...spec, byteFallback: isTrue(field) };
    else if (field.number === 47 && field.wire === WIRE.bytes) {
      spec = { ...spec, endPiece: new TextDecoder().decode(field.bytes) };
    }
  }
  return spec;
}

function parseNormalizer(field: FieldReader, defaults: NormalizerSpec): NormalizerSpec {
  let spec = defaults;
  while (field.next()) {
    if (field.number === 2 && field.wire === WIRE.bytes) spec = { ...spec, charsmap: field.bytes };
    else if (field.number === 3) spec = { ...spec, addDummyPrefix: isTrue(field) };
    else if (field.number === 4) spec = { ...spec, removeExtraSpaces: isTrue(field) };
    else if (field.number === 5) spec = { ...spec, escapeSpaces: isTrue(field) };
  }
  return spec;
}

function isTrue(field: FieldReader): boolean {
  return field.wire === WIRE.varint && field.varint !== 0;
}
