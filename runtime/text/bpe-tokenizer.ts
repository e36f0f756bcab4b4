/** Byte-pair tokenisers of tokenizer.json files: LLaMA 3's, and CLIP's, of which only vocabulary and merges are read. */
import { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";
import { UmbelError } from "#runtime/errors";
import type { Tokenizer } from "./tokenizer.ts";

/** The parts of a tokenizer.json that are looked at here; the library reads the rest. */
export interface TokenizerJson {
  readonly model: {
    readonly type: string;
    readonly vocab: Readonly<Record<string, number>>;
    readonly end_of_word_suffix?: string | null;
    readonly [other: string]: unknown;
  };
  readonly [other: string]: unknown;
}

/** Tokens that begin and end a text; a file that has none of them is another model's. */
const BORDERS: readonly (readonly [start: string, end: string])[] = [
  ["<|begin_of_text|>", "<|end_of_text|>"],
  ["<|startoftext|>", "<|endoftext|>"],
];
const PADDING = "<pad>";
/** What a tokenizer.json may leave out, but not the library. */
const ABSENT = {
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
};
const CLIP_END_OF_WORD = "</w>";

/** Throws ERR_TOKENIZER for a file that is none, or that is not of a kind known here. */
export function bpeTokenizer(json: TokenizerJson): Tokenizer {
  const isClip = json.model.end_of_word_suffix === CLIP_END_OF_WORD;
  const library = load(isClip ? clipJson(json) : json);
  const [start, end] =
    BORDERS.find(([token]) => library.token_to_id(token) !== undefined) ??
    refuse("one with <|begin_of_text|> or <|startoftext|> (LLaMA 3, CLIP)", "other tokens");
  return {
    startId: library.token_to_id(start) ?? null,
    endId: library.token_to_id(end) ?? null,
    padId: library.token_to_id(PADDING),
    encode: (text) => Int32Array.from(library.encode(text, { add_special_tokens: false }).ids),
  };
}

/** Reads the JSON of a tokenizer. Throws ERR_TOKENIZER. */
export function parseTokenizerJson(text: string): TokenizerJson {
  try {
    const json = JSON.parse(text) as Partial<TokenizerJson> | null;
    if (typeof json?.model?.type === "string" && typeof json.model.vocab === "object") {
      return json as TokenizerJson;
    }
  } catch (error) {
    refuse("JSON", error instanceof Error ? error.message : "something else");
  }
  return refuse("a tokenizer.json with a model and its vocabulary", "other JSON");
}

/** CLIP's rules around a vocabulary and merges, as its authors' tokeniser applies them. */
function clipJson({ model }: TokenizerJson): TokenizerJson {
  const [, [start, end]] = BORDERS as [unknown, readonly [string, string]];
  const special = [start, end].map((content) => ({
    id: model.vocab[content] ?? refuse(`a token ${content} in CLIP's vocabulary`, "none"),
    content,
    special: true,
    normalized: false,
    lstrip: false,
    rstrip: false,
    single_word: false,
  }));
  const words = String.raw`'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`;
  return {
    version: "1.0",
    added_tokens: special,
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "NFC" },
        { type: "Replace", pattern: { Regex: String.raw`\s+` }, content: " " },
        { type: "Lowercase" },
      ],
    },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: words }, behavior: "Removed", invert: true },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true },
      ],
    },
    post_processor: null,
    decoder: null,
    model: { ...model, unk_token: end, continuing_subword_prefix: "", fuse_unk: false },
  };
}

function load(json: TokenizerJson): LibraryTokenizer {
  try {
    return new LibraryTokenizer({ ...ABSENT, ...json }, {});
  } catch (error) {
    return refuse("a usable tokenizer.json", error instanceof Error ? error.message : "none");
  }
}

function refuse(expected: string, got: string): never {
  throw new UmbelError("ERR_TOKENIZER", `Expected ${expected} as a tokeniser, got ${got}.`);
}
