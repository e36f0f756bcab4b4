import { UmbelError } from "#runtime/errors";
import { combo, file } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

/** Family of the encoder that gives one row for the whole text. */
const POOLED = "clip-text";

export default defineNode({
  type: "DualCLIPLoader",
  title: "Load two text encoders",
  category: "loaders",
  description:
    "Text encoders of models that read a prompt twice (HunyuanVideo: CLIP-L and LLaVA-LLaMA-3), in either order.",
  version: 1,
  inputs: {
    clip_name1: file("text_encoders"),
    clip_name2: file("text_encoders"),
    type: combo(["hunyuan_video"], { tooltip: "Model family whose prompts they encode." }),
    device: combo(["default", "cpu"], { advanced: true }),
  },
  outputs: { CLIP: output("CLIP") },
  run: (context, { clip_name1, clip_name2 }) => {
    const found = [clip_name1, clip_name2].map((name) =>
      context.models.identify(context.modelPath("text_encoders", name), "text-encoder"),
    );
    const pooled = found.find(({ family }) => family === POOLED);
    const checkpoint = found.find(({ family }) => family !== POOLED);
    if (pooled === undefined || checkpoint === undefined) {
      throw new UmbelError(
        "ERR_INVALID_ARGUMENT",
        `Expected CLIP-L and one larger text encoder, got ${clip_name1} (${found[0]?.family}) and ` +
          `${clip_name2} (${found[1]?.family}).`,
      );
    }
    return { CLIP: { kind: "clip", checkpoint, pooled, loras: [] } };
  },
});
