import { SentencePiece } from "./sentencepiece.ts";

const loaded = new WeakMap<Uint8Array, SentencePiece>();

/** The tokeniser of a model file's bytes, built once for as long as the bytes are held. Throws ERR_TOKENIZER. */
export function tokenizerOf(file: Uint8Array): SentencePiece {
  const known = loaded.get(file);
  if (known !== undefined) return known;
  const made = new SentencePiece(file);
  loaded.set(file, made);
  return made;
}
