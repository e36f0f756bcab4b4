import { combo, file } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import { TEXT_ENCODER_TYPES } from "#runtime/sdk/text-encoder-types";

export default defineNode({
  type: "CLIPLoader",
  title: "Load text encoder",
  category: "loaders",
  description: "A text encoder with its tokeniser from the folder text_encoders (or clip).",
  version: 1,
  inputs: {
    clip_name: file("text_encoders"),
    type: combo(TEXT_ENCODER_TYPES, { tooltip: "Model family whose prompts it encodes." }),
    device: combo(["default", "cpu"], { advanced: true }),
  },
  outputs: { CLIP: output("CLIP") },
  run: (context, { clip_name }) => {
    const path = context.modelPath("text_encoders", clip_name);
    const checkpoint = context.models.identify(path, "text-encoder");
    return { CLIP: { kind: "clip", checkpoint, loras: [] } };
  },
});
