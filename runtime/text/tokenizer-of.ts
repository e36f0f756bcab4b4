import { bpeTokenizer, parseTokenizerJson } from "./bpe-tokenizer.ts";
import { SentencePiece } from "./sentencepiece.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { unigramModel } from "./unigram-json.ts";

const loaded = new WeakMap<Uint8Array, Tokenizer>();
const OPENING_BRACE = 0x7b;

/**
 * The tokeniser of a file's bytes (a sentencepiece model or a tokenizer.json), built once for as long as the bytes are
 * held. Throws ERR_TOKENIZER.
 */
export function tokenizerOf(file: Uint8Array): Tokenizer {
  const known = loaded.get(file);
  if (known !== undefined) return known;
  const made = isJson(file) ? fromJson(file) : new SentencePiece(file);
  loaded.set(file, made);
  return made;
}

function fromJson(file: Uint8Array): Tokenizer {
  const json = parseTokenizerJson(new TextDecoder().decode(file));
  return json.model.type === "Unigram" ? new SentencePiece(unigramModel(json)) : bpeTokenizer(json);
}

/** No sentencepiece model begins with a brace: its first byte is a field's number. */
function isJson(file: Uint8Array): boolean {
  return file.find((byte) => byte > 0x20) === OPENING_BRACE;
}
