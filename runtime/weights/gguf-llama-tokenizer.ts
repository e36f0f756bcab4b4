/** LLaMA 3's tokeniser as llama.cpp writes it into the keys of a GGUF file, as the tokenizer.json that it was made from. */
import { UmbelError } from "#runtime/errors";
import { ggufArray, type GgufValue } from "./gguf-keys.ts";

type Keys = ReadonlyMap<string, GgufValue>;

/** Names of LLaMA 3's rules for cutting a text into words; files from before they had a name say none or the last. */
const RULES: ReadonlySet<unknown> = new Set([
  undefined,
  "llama-bpe",
  "llama3",
  "llama-v3",
  "default",
]);
/** Those rules, as LLaMA 3's tokenizer.json states them. */
const WORDS =
  String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*` +
  String.raw`|\s*[\r\n]+|\s+(?!\S)|\s+`;
/** Kinds of tokens that a text holds as they are: control tokens, and those that a model's maker added. */
const ADDED: ReadonlySet<number> = new Set([3, 4]);

export function hasLlamaRules(keys: Keys): boolean {
  return RULES.has(keys.get("tokenizer.ggml.pre")?.value);
}

/** Throws ERR_TOKENIZER when tokens, kinds and merges are not there or do not belong together. */
export function llamaTokenizerFile(path: string, keys: Keys): Uint8Array {
  const tokens = texts(keys, "tokens");
  const merges = texts(keys, "merges");
  const kinds = ggufArray(keys, "tokenizer.ggml.token_type", "INT32")?.values ?? [];
  if (tokens.length === 0 || merges.length === 0 || kinds.length !== tokens.length) {
    throw new UmbelError(
      "ERR_TOKENIZER",
      `Expected merges and as many kinds as tokens in the tokeniser of ${path}, got ` +
        `${tokens.length} tokens, ${kinds.length} kinds and ${merges.length} merges.`,
    );
  }
  const isAdded = (id: number): boolean => ADDED.has(Number(kinds[id]));
  const numbered = tokens.map((content, id) => ({ id, content }));
  const vocabulary = numbered.filter(({ id }) => !isAdded(id));
  const json = {
    version: "1.0",
    added_tokens: numbered
      .filter(({ id }) => isAdded(id))
      .map((token) => ({
        ...token,
        special: true,
        normalized: false,
        lstrip: false,
        rstrip: false,
        single_word: false,
      })),
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: WORDS }, behavior: "Isolated", invert: false },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: null,
    model: {
      type: "BPE",
      vocab: Object.fromEntries(vocabulary.map(({ id, content }) => [content, id])),
      merges,
      ignore_merges: true,
    },
  };
  return new TextEncoder().encode(JSON.stringify(json));
}

function texts(keys: Keys, name: string): readonly string[] {
  const { values } = ggufArray(keys, `tokenizer.ggml.${name}`, "STRING") ?? { values: [] };
  return Array.from<unknown>(values).filter((value) => typeof value === "string");
}
