/** From a CLIP and a prompt to a conditioning part, each family of encoders in its own way. */
import { UmbelError } from "#runtime/errors";
import type { NodeContext } from "#runtime/sdk/node";
import type { ClipRecipe, ConditioningPart, HostTensor } from "#runtime/sdk/values";
import { encodeTokens, promptPieces, tokenizePrompt } from "./encode-prompt.ts";
import { clipTokens, encodeInstructed, encodePooled, hunyuanTokens } from "./hunyuan-prompt.ts";
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
      const pooled = await encodeSecond(context, clip, prompt);
      const tokens = hunyuanTokens(tokenizer, prompt);
      warnOfEmbeddings(context, tokens.missingEmbeddings);
      if (tokens.empty === null && tokens.weights.some((weight) => weight !== 1)) {
        context.warn(
          "Weights of words are left out: the tokeniser of LLaMA has no <pad>, of which a text that says nothing is made.",
        );
      }
      return { context: await encodeInstructed(lease.instance, tokens), extra: { pooled } };
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
  prompt: string,
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
  const pieces = promptPieces(prompt).pieces.map(({ text }) => text);
  return encodePooled(lease.instance, clipTokens(tokenizerOf(lease.tokenizer), ...pieces));
}

function warnOfEmbeddings(context: Context, names: readonly string[]): void {
  for (const name of names) {
    context.warn(
      `Expected a textual inversion "${name}", got none; the prompt is used without it.`,
    );
  }
}
