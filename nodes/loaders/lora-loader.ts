import { file, float, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import { withLora } from "#runtime/sdk/recipes";

const strength = { default: 1, min: -100, max: 100, step: 0.01 };

export default defineNode({
  type: "LoraLoader",
  title: "Apply LoRA (model and text encoder)",
  category: "loaders",
  description:
    "Adds a LoRA to a diffusion model and its text encoder; several may follow each other.",
  version: 1,
  inputs: {
    model: socket("MODEL"),
    clip: socket("CLIP"),
    lora_name: file("loras"),
    strength_model: float({ ...strength, tooltip: "Negative values turn the effect around." }),
    strength_clip: float(strength),
  },
  outputs: { MODEL: output("MODEL"), CLIP: output("CLIP") },
  run: (context, { model, clip, lora_name, strength_model, strength_clip }) => {
    const path = context.modelPath("loras", lora_name);
    return {
      MODEL: withLora(model, path, strength_model),
      CLIP: withLora(clip, path, strength_clip),
    };
  },
});
