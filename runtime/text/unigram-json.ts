/** Unigram models of tokenizer.json files (T5's), as the sentencepiece models that they were made from. */
import { UmbelError } from "#runtime/errors";
import { PIECE, PieceTable, type SentencePieceModel } from "./sentencepiece-model.ts";
import type { TokenizerJson } from "./bpe-tokenizer.ts";

const UNIGRAM = 1;
const END = "</s>";

interface AddedToken {
  readonly id?: unknown;
  readonly special?: unknown;
}

/** Throws ERR_TOKENIZER when the vocabulary is no list of texts and scores. */
export function unigramModel(json: TokenizerJson): SentencePieceModel {
  const vocabulary: unknown = json.model.vocab;
  if (!Array.isArray(vocabulary) || vocabulary.length === 0) return refuse("none");
  const entries: readonly unknown[] = vocabulary;
  const special = new Set(
    (Array.isArray(json["added_tokens"]) ? (json["added_tokens"] as AddedToken[]) : [])
      .filter((token) => token?.special === true)
      .map(({ id }) => id),
  );
  const texts: Uint8Array[] = [];
  const [starts, ends, scores]: [number[], number[], number[]] = [[], [], []];
  const types = entries.map((entry, id) => {
    const [text, score] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof text !== "string" || text === "" || typeof score !== "number") {
      return refuse(`${JSON.stringify(entry)?.slice(0, 40)} at place ${id}`);
    }
    const bytes = new TextEncoder().encode(text);
    const start = ends.at(-1) ?? 0;
    texts.push(bytes);
    starts.push(start);
    ends.push(start + bytes.length);
    scores.push(score);
    if (id === json.model["unk_id"]) return PIECE.unknown;
    return special.has(id) ? PIECE.control : PIECE.normal;
  });
  const file = new Uint8Array(ends.at(-1) ?? 0);
  texts.forEach((bytes, i) => file.set(bytes, starts[i]));
  return {
    pieces: new PieceTable(file, starts, ends),
    scores: Float32Array.from(scores),
    types: Uint8Array.from(types),
    trainer: { modelType: UNIGRAM, byteFallback: false, spaceIsSuffix: false, endPiece: END },
    normalizer: {
      charsmap: charsmapOf(json["normalizer"]),
      addDummyPrefix: true,
      removeExtraSpaces: true,
      escapeSpaces: true,
    },
  };
}

/** The precompiled map of a normaliser, or of one in its sequence; empty when there is none. */
function charsmapOf(normalizer: unknown): Uint8Array {
  if (typeof normalizer !== "object" || normalizer === null) return new Uint8Array(0);
  const { precompiled_charsmap: map, normalizers } = normalizer as Record<string, unknown>;
  if (typeof map === "string") return Uint8Array.from(atob(map), (char) => char.charCodeAt(0));
  const inner = Array.isArray(normalizers) ? normalizers.map(charsmapOf) : [];
  return inner.find((bytes) => bytes.length > 0) ?? new Uint8Array(0);
}

function refuse(got: string): never {
  throw new UmbelError(
    "ERR_TOKENIZER",
    `Expected pieces of text with their scores in a Unigram tokenizer.json, got ${got}.`,
  );
}
