/** From a CLIP and a prompt to a conditioning part, each family of encoders in its own way. */
import { UmbelError } from "#runtime/errors";
import type { NodeContext } from "#runtime/sdk/node";
import type { ClipRecipe, ConditioningPart, HostTensor } from "#runtime/sdk/values";
import { encodeTokens, tokenizePrompt } from "./encode-prompt.ts";
import { clipTokens, encodeInstructed, encodePooled, hunyuanTokens } from "./hunyuan-prompt.ts";
import { takeEmbeddings } from "./prompt-embeddings.ts";
import { parseWeights } from "./prompt-weights.ts";
import { tokenizerOf } from "./tokenizer-of.ts";

type Context = Pick<NodeContext, "models" | "warn">;

/** Throws ERR_INVALID_ARGUMENT for an encoder that no video model reads alone, ERR_TOKENIZER. */
export async function encodeClip(
  context: Context,
  clip: ClipRecipe,
  prompt: string,
): Promise<ConditioningPart> {
  using lease = await context.models.textEncoder(clip);
  for (const warning of lease.warnings) context.warn(warning);
  const tokenizer = tokenizerOf(lease.tokenizer);
  switch (lease.family.tokenizer) {
    case "llama": {
      const text = plainText(context, prompt);
      const pooled = await encodeSecond(context, clip, text);
      const rows = await encodeInstructed(lease.instance, hunyuanTokens(tokenizer, text));
      return { context: rows, extra: { pooled } };
    }
    case "clip":
      throw new UmbelError(
        "ERR_INVALID_ARGUMENT",
        `Expected a text encoder that a video model reads, got ${lease.family.title} alone. ` +
          "Load it as one of two with DualCLIPLoader.",
      );
    default: {
      const tokens = tokenizePrompt(tokenizer, prompt);
      warnOfEmbeddings(context, tokens.missingEmbeddings);
      return encodeTokens(lease.instance, tokens);
    }
  }
}

async function encodeSecond(
  context: Context,
  { pooled }: ClipRecipe,
  text: string,
): Promise<HostTensor> {
  if (pooled === undefined) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      "Expected CLIP-L beside LLaMA for HunyuanVideo, got LLaMA alone. Load both with DualCLIPLoader.",
    );
  }
  const clip: ClipRecipe = { kind: "clip", checkpoint: pooled, loras: [] };
  using lease = await context.models.textEncoder(clip);
  for (const warning of lease.warnings) context.warn(warning);
  return encodePooled(lease.instance, clipTokens(tokenizerOf(lease.tokenizer), text));
}

/** The prompt's words alone: HunyuanVideo's instruction has no place for weights. */
function plainText(context: Context, prompt: string): string {
  const parts = parseWeights(prompt);
  if (parts.some(({ weight }) => weight !== 1)) {
    context.warn(
      "Weights of words are left out: HunyuanVideo reads the prompt as one instruction.",
    );
  }
  const { pieces, names } = takeEmbeddings(parts.map(({ text }) => text).join(""));
  warnOfEmbeddings(context, names);
  return pieces.join("");
}

function warnOfEmbeddings(context: Context, names: readonly string[]): void {
  for (const name of names) {
    context.warn(
      `Expected a textual inversion "${name}", got none; the prompt is used without it.`,
    );
  }
}
