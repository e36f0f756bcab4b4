import { combo, file } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "LoadWanVideoT5TextEncoder",
  title: "WanVideo: load text encoder",
  category: "wanvideo wrapper",
  description: "Wan's UMT5 for the nodes of ComfyUI-WanVideoWrapper.",
  version: 1,
  inputs: {
    model_name: file("text_encoders"),
    precision: combo(["fp32", "bf16"], { default: "bf16", advanced: true }),
    load_device: combo(["main_device", "offload_device"], {
      default: "offload_device",
      advanced: true,
    }),
    quantization: combo(["disabled", "fp8_e4m3fn"], { advanced: true }),
  },
  outputs: { wan_t5_model: output("WANTEXTENCODER") },
  run: (context, { model_name }) => {
    const path = context.modelPath("text_encoders", model_name);
    const checkpoint = context.models.identify(path, "text-encoder");
    return { wan_t5_model: { kind: "clip", checkpoint, loras: [] } };
  },
});
