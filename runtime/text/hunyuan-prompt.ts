/** Prompts of HunyuanVideo: LLaMA reads them inside of an instruction, CLIP gives one row for the whole. */
import type { TextEncoder } from "#runtime/sdk/model";
import type { HostTensor } from "#runtime/sdk/values";
import { readRows } from "./encode-prompt.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** The instruction that the model was trained with (HunyuanVideo repository); the prompt follows, then the end. */
const INSTRUCTION =
  "<|start_header_id|>system<|end_header_id|>\n\n" +
  "Describe the video by detailing the following aspects: " +
  "1. The main content and theme of the video." +
  "2. The color, shape, size, texture, quantity, text, and spatial relationships of the objects." +
  "3. Actions, events, behaviors temporal relationships, physical movement changes of the objects." +
  "4. background environment, light, style and atmosphere." +
  "5. camera angles, movements, and transitions used in the video:<|eot_id|>" +
  "<|start_header_id|>user<|end_header_id|>\n\n";
const END_OF_TURN = "<|eot_id|>";
/** Last blocks of LLaMA that are not run, and the norm behind them. */
const SKIPPED_LAYERS = 2;
/** CLIP's longest text with its two borders. */
const CLIP_TOKENS = 77;

export interface HunyuanTokens {
  readonly ids: Int32Array;
  /** Tokens of the instruction, whose rows are cut off. */
  readonly cropped: number;
}

export function hunyuanTokens(tokenizer: Tokenizer, prompt: string): HunyuanTokens {
  const start = tokenizer.startId === null ? [] : [tokenizer.startId];
  const tokens = (text: string) => [...start, ...tokenizer.encode(text)];
  return {
    ids: Int32Array.from(tokens(INSTRUCTION + prompt.trim() + END_OF_TURN)),
    cropped: tokens(INSTRUCTION).length,
  };
}

/** [tokens of the prompt and the end of the turn, width] */
export function encodeInstructed(encoder: TextEncoder, tokens: HunyuanTokens): Promise<HostTensor> {
  return readRows(encoder, tokens.ids, { skipLayers: SKIPPED_LAYERS, from: tokens.cropped });
}

/** Start, as many tokens as CLIP takes, end. */
export function clipTokens(tokenizer: Tokenizer, prompt: string): Int32Array {
  const { startId, endId } = tokenizer;
  const start = startId === null ? [] : [startId];
  const end = endId === null ? [] : [endId];
  const room = CLIP_TOKENS - start.length - end.length;
  return Int32Array.from([...start, ...tokenizer.encode(prompt).subarray(0, room), ...end]);
}

/** The row of the end token, [width]: it has seen the whole text. Padding behind it would change nothing. */
export async function encodePooled(encoder: TextEncoder, ids: Int32Array): Promise<HostTensor> {
  const { data, shape } = await readRows(encoder, ids, { from: ids.length - 1 });
  return { data, shape: shape.slice(1) };
}
