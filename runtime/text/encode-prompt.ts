/** From a prompt to its embedding, with weights, as ComfyUI does it for Wan's UMT5. */
import type { TextEncoder, TextEncoderOptions } from "#runtime/sdk/model";
import type { ConditioningPart, HostTensor } from "#runtime/sdk/values";
import { takeEmbeddings } from "./prompt-embeddings.ts";
import { parseWeights } from "./prompt-weights.ts";
import type { Tokenizer } from "./tokenizer.ts";

export interface PromptTokens {
  /** With the end of text. */
  readonly ids: Int32Array;
  readonly weights: Float32Array;
  /** Textual inversions that the prompt asks for; none are available. */
  readonly missingEmbeddings: readonly string[];
}

/** Id of T5's end of text, where a model file does not say. */
const END = 1;

/** Tokenises a prompt. Pieces of different weight are tokenised each by itself. Throws ERR_INVALID_ARGUMENT. */
export function tokenizePrompt(tokenizer: Tokenizer, prompt: string): PromptTokens {
  const ids: number[] = [];
  const weights: number[] = [];
  const missingEmbeddings: string[] = [];
  for (const { text, weight } of parseWeights(prompt)) {
    const { pieces, names } = takeEmbeddings(text);
    missingEmbeddings.push(...names);
    for (const piece of pieces) {
      for (const id of tokenizer.encode(piece)) {
        ids.push(id);
        weights.push(weight);
      }
    }
  }
  ids.push(tokenizer.endId ?? END);
  weights.push(1);
  return { ids: Int32Array.from(ids), weights: Float32Array.from(weights), missingEmbeddings };
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
  const width = context.shape[1] as number;
  const data = context.data.map((value, i) => {
    const weight = tokens.weights[Math.floor(i / width)] as number;
    if (weight === 1) return value;
    const base = i < width ? (empty.data[i] as number) : 0;
    return Math.fround(Math.fround(value - base) * weight) + base;
  });
  return { context: { ...context, data }, extra: {} };
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
