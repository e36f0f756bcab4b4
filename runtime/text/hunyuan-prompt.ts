/**
 * Prompts of HunyuanVideo: LLaMA reads them inside of an instruction, CLIP gives one row for the whole. Weights of words act
 * on LLaMA's rows as in ComfyUI; CLIP's row does not change with them.
 */
import type { TextEncoder } from "#runtime/sdk/model";
import type { HostTensor } from "#runtime/sdk/values";
import { readRows, weighRows, weightedTokens, type PromptTokens } from "./encode-prompt.ts";
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

/** Pieces of at least so many tokens may be cut in two at the end of what CLIP reads. */
const WHOLE_PIECE = 8;

export interface HunyuanTokens extends PromptTokens {
  /** Tokens of the instruction, whose rows are cut off. */
  readonly cropped: number;
  /** What a text that says nothing consists of: the start and the padding behind it; null: the tokeniser has no padding. */
  readonly empty: Int32Array | null;
}

/** Throws ERR_INVALID_ARGUMENT. */
export function hunyuanTokens(tokenizer: Tokenizer, prompt: string): HunyuanTokens {
  const { startId: start, padId } = tokenizer;
  const tokens = (text: string) => weightedTokens(tokenizer, text, { start });
  const { ids: instruction } = tokens(INSTRUCTION);
  return {
    ...tokens(INSTRUCTION + prompt.trim() + END_OF_TURN),
    cropped: instruction.length,
    empty: start === null || padId === undefined ? null : Int32Array.of(start, padId),
  };
}

/** [tokens of the prompt and the end of the turn, width]; weights are left out where `empty` is null. */
export async function encodeInstructed(
  encoder: TextEncoder,
  { ids, weights, cropped, empty }: HunyuanTokens,
): Promise<HostTensor> {
  const options = { skipLayers: SKIPPED_LAYERS };
  const rows = await readRows(encoder, ids, { ...options, from: cropped });
  if (empty === null || weights.every((weight) => weight === 1)) return rows;
  // Padding sees the start alone, wherever it stands, so that all its rows are the same.
  const padding = await readRows(encoder, empty, { ...options, from: 1, seen: 1 });
  const width = rows.shape[1] ?? 1;
  return weighRows(rows, weights.subarray(cropped), (i) => padding.data[i % width] ?? 0);
}

/**
 * Start, as many tokens of the pieces as CLIP takes, end. A short piece that does not fit ends the text, as in ComfyUI, which
 * goes on in a second one whose row nobody reads.
 */
export function clipTokens(tokenizer: Tokenizer, ...pieces: readonly string[]): Int32Array {
  const { startId, endId } = tokenizer;
  const start = startId === null ? [] : [startId];
  const end = endId === null ? [] : [endId];
  const words: number[] = [];
  for (const piece of pieces) {
    const ids = tokenizer.encode(piece);
    const room = CLIP_TOKENS - start.length - end.length - words.length;
    if (ids.length <= room) {
      words.push(...ids);
      continue;
    }
    if (ids.length >= WHOLE_PIECE) words.push(...ids.subarray(0, room));
    break;
  }
  return Int32Array.from([...start, ...words, ...end]);
}

/** The row of the end token, [width]: it has seen the whole text. Padding behind it would change nothing. */
export async function encodePooled(encoder: TextEncoder, ids: Int32Array): Promise<HostTensor> {
  const { data, shape } = await readRows(encoder, ids, { from: ids.length - 1 });
  return { data, shape: shape.slice(1) };
}
