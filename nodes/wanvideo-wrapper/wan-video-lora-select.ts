import { boolean, file, float, optionalSocket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "WanVideoLoraSelect",
  title: "WanVideo: LoRA",
  category: "wanvideo wrapper",
  description: "A LoRA behind those that come before it.",
  version: 1,
  inputs: {
    lora: file("loras"),
    strength: float({ default: 1, min: -10, max: 10, step: 0.0001 }),
    prev_lora: optionalSocket("WANVIDLORA"),
    low_mem_load: boolean({ default: false, advanced: true }),
    merge_loras: boolean({ default: true, advanced: true }),
  },
  outputs: { lora: output("WANVIDLORA") },
  run: (context, { lora, strength, prev_lora = [] }) => ({
    lora:
      strength === 0
        ? prev_lora
        : [...prev_lora, { path: context.modelPath("loras", lora), strength }],
  }),
});
