import { file } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "CLIPVisionLoader",
  title: "Load CLIP vision",
  category: "loaders",
  description: "A model that describes pictures for image to video, from the folder clip_vision.",
  version: 1,
  inputs: { clip_name: file("clip_vision") },
  outputs: { CLIP_VISION: output("CLIP_VISION") },
  run: (context, { clip_name }) => {
    const path = context.modelPath("clip_vision", clip_name);
    const checkpoint = context.models.identify(path, "clip-vision");
    return { CLIP_VISION: { kind: "clip-vision", checkpoint } };
  },
});
