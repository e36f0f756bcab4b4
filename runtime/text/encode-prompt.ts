/** From a prompt to its embedding, with weights, as ComfyUI does it. */
import type { TextEncoder, TextEncoderOptions } from "#runtime/sdk/model";
import type { ConditioningPart, HostTensor } from "#runtime/sdk/values";
import { takeEmbeddings } from "./prompt-embeddings.ts";
import { parseWeights, type WeightedText } from "./prompt-weights.ts";
import type { Tokenizer } from "./tokenizer.ts";

export interface PromptTokens {
  readonly ids: Int32Array;
  readonly weights: Float32Array;
  /** Textual inversions that the prompt asks for; none are available. */
  readonly missingEmbeddings: readonly string[];
}

export interface PromptPieces extends Pick<PromptTokens, "missingEmbeddings"> {
  /** What is tokenised each by itself. */
  readonly pieces: readonly WeightedText[];
}

/** Id of T5's end of text, where a model file does not say. */
const END = 1;

/** A prompt taken apart where its weights change. Throws ERR_INVALID_ARGUMENT. */
export function promptPieces(prompt: string): PromptPieces {
  const all: WeightedText[] = [];
  const missingEmbeddings: string[] = [];
  for (const { text, weight } of parseWeights(prompt)) {
    const { pieces, names } = takeEmbeddings(text);
    missingEmbeddings.push(...names);
    all.push(...pieces.map((piece) => ({ text: piece, weight })));
  }
  return { pieces: all, missingEmbeddings };
}

/** Tokens of a prompt between `start` and `end`, whose weight is 1. Throws ERR_INVALID_ARGUMENT. */
export function weightedTokens(
  tokenizer: Tokenizer,
  prompt: string,
  { start = null, end = null }: { readonly start?: number | null; readonly end?: number | null },
): PromptTokens {
  const { pieces, missingEmbeddings } = promptPieces(prompt);
  const ids: number[] = start === null ? [] : [start];
  const weights = ids.map(() => 1);
  for (const { text, weight } of pieces) {
    for (const id of tokenizer.encode(text)) {
      ids.push(id);
      weights.push(weight);
    }
  }
  if (end !== null) {
    ids.push(end);
    weights.push(1);
  }
  return { ids: Int32Array.from(ids), weights: Float32Array.from(weights), missingEmbeddings };
}

/** Tokens of a T5's prompt, with the end of text. Throws ERR_INVALID_ARGUMENT. */
export function tokenizePrompt(tokenizer: Tokenizer, prompt: string): PromptTokens {
  return weightedTokens(tokenizer, prompt, { end: tokenizer.endId ?? END });
}

/** Embeds tokens; nothing is padded, since padding is masked in the encoder and cut off behind it. */
export async function encodeTokens(
  encoder: TextEncoder,
  tokens: PromptTokens,
): Promise<ConditioningPart> {
  const context = await readRows(encoder, tokens.ids);
  if (tokens.weights.every((weight) => weight === 1)) return { context, extra: {} };
  // The embedding of an empty prompt has one row, that of the end of text; ComfyUI pads it with zeros.
  const empty = await readRows(encoder, tokens.ids.slice(-1));
  const width = context.shape[1] ?? 0;
  const base = (i: number) => (i < width ? (empty.data[i] ?? 0) : 0);
  return { context: weighRows(context, tokens.weights, base), extra: {} };
}

/** Moves rows away from `base`, what an empty prompt has at the same place, or towards it; those of weight 1 stay. */
export function weighRows(
  rows: HostTensor,
  weights: Float32Array,
  base: (index: number) => number,
): HostTensor {
  const width = rows.shape[1] ?? 0;
  const data = rows.data.map((value, i) => {
    const weight = weights[Math.floor(i / width)] ?? 1;
    if (weight === 1) return value;
    const from = base(i);
    return Math.fround(Math.fround(value - from) * weight) + from;
  });
  return { ...rows, data };
}

/** Embeddings on the host, those of the first `from` tokens left out; zeros where a run is only planned. */
export async function readRows(
  encoder: TextEncoder,
  ids: Int32Array,
  { from = 0, ...options }: TextEncoderOptions & { readonly from?: number } = {},
): Promise<HostTensor> {
  using all = encoder.forward(ids, options);
  using rows = all.slice(0, from);
  const { shape } = rows;
  const data = rows.device.name === "null" ? new Float32Array(rows.numel) : await rows.read();
  return { data, shape };
}
