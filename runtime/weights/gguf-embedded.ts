/** The tokeniser that a GGUF file carries in its keys, as the file that it was made from. */
import { UmbelError } from "#runtime/errors";
import { ggufArray, type GgufValue } from "./gguf-keys.ts";
import { hasLlamaRules, llamaTokenizerFile } from "./gguf-llama-tokenizer.ts";

type Keys = ReadonlyMap<string, GgufValue>;

const UNIGRAM = 1;
const BYTE = 6;
const NORMAL = 1;

/**
 * "spiece_model": the sentencepiece model (google/sentencepiece) of T5's encoders; "tokenizer_json": LLaMA 3's
 * tokenizer.json. Nothing for other tokenisers.
 */
export function ggufEmbedded(path: string, keys: Keys): ReadonlyMap<string, () => Uint8Array> {
  const model = keys.get("tokenizer.ggml.model")?.value;
  if (model === "t5") return new Map([["spiece_model", () => sentencePieceFile(path, keys)]]);
  if (model !== "gpt2" || !hasLlamaRules(keys)) return new Map();
  return new Map([["tokenizer_json", () => llamaTokenizerFile(path, keys)]]);
}

/** Throws ERR_TOKENIZER when the lists of pieces, scores and types do not belong together. */
function sentencePieceFile(path: string, keys: Keys): Uint8Array {
  const pieces = ggufArray(keys, "tokenizer.ggml.tokens", "STRING");
  const scores = ggufArray(keys, "tokenizer.ggml.scores", "FLOAT32");
  const types = ggufArray(keys, "tokenizer.ggml.token_type", "INT32");
  const count = pieces?.values.length ?? 0;
  if (count === 0 || scores?.values.length !== count || types?.values.length !== count) {
    throw new UmbelError(
      "ERR_TOKENIZER",
      `Expected as many scores and types as pieces in the tokeniser of ${path}, got ` +
        `${count} pieces, ${scores?.values.length ?? 0} scores and ${types?.values.length ?? 0} types.`,
    );
  }
  const textOf = (value: unknown) => (typeof value === "string" ? value : "");
  const parts: Uint8Array[] = [];
  let hasBytes = false;
  for (let i = 0; i < count; i++) {
    const type = Number(types.values[i] ?? NORMAL);
    hasBytes ||= type === BYTE;
    const score = Buffer.alloc(4);
    score.writeFloatLE(Number(scores.values[i] ?? 0));
    const piece = Buffer.concat([
      bytesField(1, Buffer.from(textOf(pieces?.values[i]))),
      Buffer.concat([tag(2, 5), score]),
      varintField(3, type),
    ]);
    parts.push(bytesField(1, piece));
  }
  const end = Number(keys.get("tokenizer.ggml.eos_token_id")?.value ?? -1);
  const endPiece = pieces?.values[end];
  const trainer = [varintField(3, UNIGRAM), varintField(35, Number(hasBytes))];
  if (typeof endPiece === "string") trainer.push(bytesField(47, Buffer.from(endPiece)));
  const normalizer = [
    varintField(3, flag(keys, "tokenizer.ggml.add_space_prefix", true)),
    varintField(4, flag(keys, "tokenizer.ggml.remove_extra_whitespaces", true)),
  ];
  const map = keys.get("tokenizer.ggml.precompiled_charsmap")?.value;
  if (typeof map === "object" && map.values.length > 0) {
    normalizer.push(bytesField(2, Uint8Array.from(Array.from<unknown>(map.values), Number)));
  }
  return Buffer.concat([
    ...parts,
    bytesField(2, Buffer.concat(trainer)),
    bytesField(3, Buffer.concat(normalizer)),
  ]);
}

function flag(keys: Keys, key: string, fallback: boolean): number {
  const value = keys.get(key)?.value;
  return Number(typeof value === "boolean" ? value : fallback);
}

// Protocol buffers, as far as these messages need them.

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value >>> 0;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

function tag(number: number, wire: number): Buffer {
  return varint(number * 8 + wire);
}

function varintField(number: number, value: number): Buffer {
  return Buffer.concat([tag(number, 0), varint(value)]);
}

function bytesField(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([tag(number, 2), varint(bytes.length), bytes]);
}
