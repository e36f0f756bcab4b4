import { UmbelError } from "#runtime/errors";
import { Normalizer } from "./normalizer.ts";
import { PieceIndex } from "./piece-index.ts";
import { parseSentencePieceModel, PIECE, type SentencePieceModel } from "./sentencepiece-model.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { UnigramSegmenter } from "./unigram.ts";

/** A sentencepiece Unigram tokeniser, made of the bytes of its model file (spiece.model) or of what they say. */
export class SentencePiece implements Tokenizer {
  readonly startId = null;
  readonly vocabularySize: number;
  /** Id of the end-of-text piece; null when the model has none. */
  readonly endId: number | null;
  readonly #model: SentencePieceModel;
  readonly #normalizer: Normalizer;
  readonly #segmenter: UnigramSegmenter;
  readonly #unknownId: number;
  /** Id of each byte's piece, -1 where there is none. */
  readonly #byteIds: Int32Array;

  /** Throws ERR_TOKENIZER when the bytes are not a usable Unigram model. */
  constructor(file: Uint8Array | SentencePieceModel) {
    const model = file instanceof Uint8Array ? parseSentencePieceModel(file) : file;
    this.#model = model;
    this.vocabularySize = model.pieces.count;
    const texts = indexPieces(model, [PIECE.normal, PIECE.userDefined, PIECE.unused]);
    this.#normalizer = new Normalizer(model, indexPieces(model, [PIECE.userDefined]));
    this.#segmenter = new UnigramSegmenter(model, texts);
    this.#unknownId = findUnknown(model);
    this.#byteIds = findBytes(model);
    this.endId = findEnd(model);
  }

  /** Ids of a text, without an end-of-text id. */
  encode(text: string): Int32Array {
    const normalized = this.#normalizer.normalize(new TextEncoder().encode(text));
    const ids: number[] = [];
    let afterUnknown = false;
    for (const { start, end, id } of this.#segmenter.segment(normalized)) {
      if (id !== -1) {
        ids.push(id);
      } else if (this.#model.trainer.byteFallback) {
        for (let i = start; i < end; i++)
          ids.push(this.#byteIds[normalized[i] as number] as number);
      } else if (!afterUnknown) {
        ids.push(this.#unknownId);
      }
      afterUnknown = id === -1;
    }
    return Int32Array.from(ids);
  }

  /** Text of a piece; empty for ids outside the vocabulary. */
  piece(id: number): string {
    return this.#model.pieces.text(id);
  }
}

function indexPieces(model: SentencePieceModel, wanted: readonly number[]): PieceIndex {
  const ids = Int32Array.from(model.types, (_, id) => id);
  return new PieceIndex(
    model.pieces,
    ids.filter((id) => wanted.includes(model.types[id] as number)),
  );
}

function findEnd(model: SentencePieceModel): number | null {
  const { pieces, types, trainer } = model;
  const id = types.findIndex(
    (type, i) => type === PIECE.control && pieces.text(i) === trainer.endPiece,
  );
  return id === -1 ? null : id;
}

function findUnknown(model: SentencePieceModel): number {
  const first = model.types.indexOf(PIECE.unknown);
  if (first === -1 || model.types.includes(PIECE.unknown, first + 1)) {
    throw new UmbelError(
      "ERR_TOKENIZER",
      "Expected one piece of type unknown, got none or several.",
    );
  }
  return first;
}

function findBytes(model: SentencePieceModel): Int32Array {
  const ids = new Int32Array(256).fill(-1);
  const names = new Map(
    Array.from(ids, (_, byte) => [`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`, byte]),
  );
  model.types.forEach((type, id) => {
    if (type !== PIECE.byte) return;
    const byte = names.get(model.pieces.text(id));
    if (byte !== undefined) ids[byte] = id;
  });
  if (model.trainer.byteFallback && ids.includes(-1)) {
    throw new UmbelError(
      "ERR_TOKENIZER",
      `Expected a piece for each of 256 bytes, got none for ${ids.indexOf(-1)}.`,
    );
  }
  return ids;
}
