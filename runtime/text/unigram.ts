/** Best segmentation under a Unigram model by Viterbi's algorithm (Kudo 2018, arXiv 1804.10959), as sentencepiece. */
import type { PieceIndex } from "./piece-index.ts";
import { PIECE, type SentencePieceModel } from "./sentencepiece-model.ts";

/** An unknown character costs this much more than the rarest piece. */
const UNKNOWN_PENALTY = 10;
const SMALLEST_FLOAT = 1.17549435e-38;

export interface Segment {
  /** Bytes in the normalised text. */
  readonly start: number;
  readonly end: number;
  /** -1: a character that no piece covers. */
  readonly id: number;
}

export class UnigramSegmenter {
  readonly #pieces: PieceIndex;
  readonly #model: SentencePieceModel;
  readonly #unknownScore: number;
  readonly #best: number;

  constructor(model: SentencePieceModel, pieces: PieceIndex) {
    this.#model = model;
    this.#pieces = pieces;
    let least = Infinity;
    let best = SMALLEST_FLOAT;
    model.scores.forEach((score, id) => {
      if (model.types[id] !== PIECE.normal) return;
      least = Math.min(least, score);
      best = Math.max(best, score);
    });
    this.#unknownScore = Math.fround((least === Infinity ? 0 : least) - UNKNOWN_PENALTY);
    this.#best = best;
  }

  segment(text: Uint8Array): Segment[] {
    const ids = new Int32Array(text.length + 1);
    const starts = new Int32Array(text.length + 1).fill(-1);
    const scores = new Float32Array(text.length + 1);
    const offer = (start: number, end: number, id: number, score: number): void => {
      if (starts[end] !== -1 && !(score > (scores[end] as number))) return;
      starts[end] = start;
      scores[end] = score;
      ids[end] = id;
    };
    for (let start = 0; start < text.length;) {
      const soFar = scores[start] as number;
      const character = Math.min(characterLength(text[start] as number), text.length - start);
      const covered = this.#offerPieces(text, start, character, (end, id, score) =>
        offer(start, end, id, soFar + score),
      );
      if (!covered) offer(start, start + character, -1, Math.fround(soFar + this.#unknownScore));
      start += character;
    }
    const segments: Segment[] = [];
    for (let end = text.length; end > 0; end = starts[end] as number) {
      segments.push({ start: starts[end] as number, end, id: ids[end] as number });
    }
    return segments.reverse();
  }

  /** Every piece that the text has at `start`; true when one of them is just the first character. */
  #offerPieces(
    text: Uint8Array,
    start: number,
    character: number,
    offer: (end: number, id: number, score: number) => void,
  ): boolean {
    const { types, scores } = this.#model;
    let covered = false;
    this.#pieces.matches(text, start, (end, id) => {
      if (types[id] === PIECE.unused) return;
      const length = end - start;
      // User-defined pieces always win.
      offer(
        end,
        id,
        types[id] === PIECE.userDefined ? length * this.#best - 0.1 : (scores[id] as number),
      );
      if (length === character) covered = true;
    });
    return covered;
  }
}

/** Bytes of a UTF-8 character by its first. */
function characterLength(first: number): number {
  return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}
