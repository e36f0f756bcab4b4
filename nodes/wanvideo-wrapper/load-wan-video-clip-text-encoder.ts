import { combo, file } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "LoadWanVideoClipTextEncoder",
  title: "WanVideo: load CLIP vision",
  category: "wanvideo wrapper",
  description: "The model that describes pictures for Wan's image to video.",
  version: 1,
  inputs: {
    model_name: file("clip_vision"),
    precision: combo(["fp16", "fp32", "bf16"], { advanced: true }),
    load_device: combo(["main_device", "offload_device"], {
      default: "offload_device",
      advanced: true,
    }),
  },
  outputs: { wan_clip_vision: output("CLIP_VISION") },
  run: (context, { model_name }) => {
    const path = context.modelPath("clip_vision", model_name);
    const checkpoint = context.models.identify(path, "clip-vision");
    return { wan_clip_vision: { kind: "clip-vision", checkpoint } };
  },
});
