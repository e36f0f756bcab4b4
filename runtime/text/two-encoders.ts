import { UmbelError } from "#runtime/errors";
import type { NodeContext } from "#runtime/sdk/node";
import type { ClipRecipe } from "#runtime/sdk/values";

/** Family of the encoder that gives one row for the whole text. */
const POOLED = "clip-text";

/**
 * The encoders of a model that reads a prompt twice (HunyuanVideo: CLIP-L and LLaVA-LLaMA-3), from two files in either
 * order. Throws ERR_INVALID_ARGUMENT unless exactly one of them is CLIP-L.
 */
export function twoEncoders(
  context: Pick<NodeContext, "models" | "modelPath">,
  names: readonly [string, string],
): ClipRecipe {
  const found = names.map((name) =>
    context.models.identify(context.modelPath("text_encoders", name), "text-encoder"),
  );
  const pooled = found.find(({ family }) => family === POOLED);
  const checkpoint = found.find(({ family }) => family !== POOLED);
  if (pooled === undefined || checkpoint === undefined) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected CLIP-L and one larger text encoder, got ` +
        `${names.map((name, i) => `${name} (${found[i]?.family})`).join(" and ")}.`,
    );
  }
  return { kind: "clip", checkpoint, pooled, loras: [] };
}
