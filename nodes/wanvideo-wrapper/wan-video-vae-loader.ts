import { combo, file, optionalSocket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "WanVideoVAELoader",
  title: "WanVideo: load VAE",
  category: "wanvideo wrapper",
  description: "Wan's autoencoder for the nodes of ComfyUI-WanVideoWrapper.",
  version: 1,
  inputs: {
    model_name: file("vae"),
    precision: combo(["fp16", "fp32", "bf16"], { default: "bf16", advanced: true }),
    compile_args: optionalSocket("WANCOMPILEARGS"),
  },
  outputs: { vae: output("WANVAE") },
  run: (context, { model_name }) => {
    const path = context.modelPath("vae", model_name);
    return { vae: { kind: "vae", checkpoint: context.models.identify(path, "vae") } };
  },
});
