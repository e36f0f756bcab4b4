/** Sentencepiece's normalisation: characters replaced by the model's map, spaces collapsed, marked and prefixed. */
import { CharacterMap } from "./charsmap.ts";
import type { PieceIndex } from "./piece-index.ts";
import type { SentencePieceModel } from "./sentencepiece-model.ts";

const SPACE = 0x20;
/** U+2581, which stands for a space in pieces. */
const SPACE_MARK = Uint8Array.of(0xe2, 0x96, 0x81);
const BROKEN = Uint8Array.of(0xef, 0xbf, 0xbd);

export class Normalizer {
  readonly #model: Pick<SentencePieceModel, "normalizer" | "trainer">;
  readonly #map: CharacterMap | null;
  readonly #literal: PieceIndex;

  /** `literal`: strings that pass unchanged (user-defined pieces). */
  constructor(model: Pick<SentencePieceModel, "normalizer" | "trainer">, literal: PieceIndex) {
    this.#model = model;
    const { charsmap } = model.normalizer;
    this.#map = charsmap.length === 0 ? null : new CharacterMap(charsmap);
    this.#literal = literal;
  }

  /** UTF-8 in, UTF-8 out. */
  normalize(input: Uint8Array): Uint8Array {
    const { addDummyPrefix, removeExtraSpaces, escapeSpaces } = this.#model.normalizer;
    const space = escapeSpaces ? SPACE_MARK : Uint8Array.of(SPACE);
    let at = removeExtraSpaces ? this.#skipSpaces(input) : 0;
    if (at === input.length) return new Uint8Array(0);
    const output: number[] = [];
    if (addDummyPrefix && !this.#model.trainer.spaceIsSuffix) output.push(...space);
    let afterSpace = removeExtraSpaces;
    while (at < input.length) {
      const { text, length } = this.#next(input, at);
      let from = 0;
      while (afterSpace && text[from] === SPACE) from++;
      for (let i = from; i < text.length; i++) {
        if (text[i] === SPACE) output.push(...space);
        else output.push(text[i] as number);
      }
      if (from < text.length) afterSpace = text[text.length - 1] === SPACE;
      if (!removeExtraSpaces) afterSpace = false;
      at += length;
    }
    if (removeExtraSpaces) dropTrailing(output, space);
    if (addDummyPrefix && this.#model.trainer.spaceIsSuffix) output.push(...space);
    return Uint8Array.from(output);
  }

  #skipSpaces(input: Uint8Array): number {
    let at = 0;
    while (at < input.length) {
      const { text, length } = this.#next(input, at);
      if (text.length !== 1 || text[0] !== SPACE) break;
      at += length;
    }
    return at;
  }

  /** What the next characters become, and how many bytes of the input that uses up (at least one). */
  #next(input: Uint8Array, at: number): { readonly text: Uint8Array; readonly length: number } {
    const literal = longestLiteral(this.#literal, input, at);
    if (literal > 0) return { text: input.subarray(at, at + literal), length: literal };
    const replacement = this.#map?.longest(input, at);
    if (replacement !== undefined && replacement !== null) return replacement;
    const length = characterLength(input, at);
    if (length === 0) return { text: BROKEN, length: 1 };
    return { text: input.subarray(at, at + length), length };
  }
}

function longestLiteral(index: PieceIndex, input: Uint8Array, start: number): number {
  let longest = 0;
  index.matches(input, start, (end) => (longest = end - start));
  return longest;
}

/** Bytes of the UTF-8 character at `at`; 0 where none begins (a map may have ended inside one). */
function characterLength(input: Uint8Array, at: number): number {
  const first = input[at] as number;
  const length = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return at + length <= input.length ? length : 0;
}

function dropTrailing(output: number[], space: Uint8Array): void {
  const endsInSpace = (): boolean =>
    output.length >= space.length &&
    space.every((byte, i) => output[output.length - space.length + i] === byte);
  while (endsInSpace()) output.length -= space.length;
}
