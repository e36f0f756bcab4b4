import { combo, file } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import { TEXT_ENCODER_TYPES } from "#runtime/sdk/text-encoder-types";

export default defineNode({
  type: "CLIPLoaderGGUF",
  title: "Load text encoder (GGUF)",
  category: "gguf",
  description:
    "A text encoder with its tokeniser from a GGUF or safetensors file of the folder text_encoders (or clip).",
  version: 1,
  inputs: {
    clip_name: file("text_encoders"),
    type: combo(TEXT_ENCODER_TYPES, { tooltip: "Model family whose prompts it encodes." }),
  },
  outputs: { CLIP: output("CLIP") },
  searchAliases: ["CLIPLoader", "quantized"],
  run: (context, { clip_name }) => {
    const path = context.modelPath("text_encoders", clip_name);
    const checkpoint = context.models.identify(path, "text-encoder");
    return { CLIP: { kind: "clip", checkpoint, loras: [] } };
  },
});
