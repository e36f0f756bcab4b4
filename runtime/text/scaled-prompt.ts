import type { TextEncoder } from "#runtime/sdk/model";
import type { ConditioningPart } from "#runtime/sdk/values";
import { encodeTokens } from "./encode-prompt.ts";
import type { Tokenizer } from "./tokenizer.ts";

const WEIGHTED = /\(([^()]*?):([\d.]+)\)/g;
const END = 1;

/**
 * A prompt's embedding as ComfyUI-WanVideoWrapper makes it: "(words:1.2)" is read as words, and the whole embedding is
 * multiplied by each weight. Nothing else in the text has a meaning of its own.
 */
export async function encodeScaledPrompt(
  encoder: TextEncoder,
  tokenizer: Tokenizer,
  prompt: string,
  isWeighted = true,
): Promise<ConditioningPart> {
  let factor = 1;
  const plain = !isWeighted
    ? prompt
    : prompt.replace(WEIGHTED, (whole, words: string, weight: string) => {
        const value = Number(weight);
        if (!Number.isFinite(value)) return whole;
        factor *= value;
        return words;
      });
  const ids = Int32Array.from([...tokenizer.encode(plain), tokenizer.endId ?? END]);
  const weights = new Float32Array(ids.length).fill(1);
  const part = await encodeTokens(encoder, { ids, weights, missingEmbeddings: [] });
  if (factor === 1) return part;
  const data = part.context.data.map((value) => value * factor);
  return { ...part, context: { ...part.context, data } };
}
