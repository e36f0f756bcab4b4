import { file, float, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import { withLora } from "#runtime/sdk/recipes";

export default defineNode({
  type: "LoraLoaderModelOnly",
  title: "Apply LoRA",
  category: "loaders",
  description: "Adds a LoRA to a diffusion model; several may follow each other.",
  version: 1,
  inputs: {
    model: socket("MODEL"),
    lora_name: file("loras"),
    strength_model: float({
      default: 1,
      min: -100,
      max: 100,
      step: 0.01,
      tooltip: "Negative values turn the effect around.",
    }),
  },
  outputs: { MODEL: output("MODEL") },
  run: (context, { model, lora_name, strength_model }) => ({
    MODEL: withLora(model, context.modelPath("loras", lora_name), strength_model),
  }),
});
