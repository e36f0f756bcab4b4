import { file } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import { modelRecipe } from "#runtime/sdk/recipes";

export default defineNode({
  type: "UnetLoaderGGUF",
  title: "Load diffusion model (GGUF)",
  category: "gguf",
  description:
    "A diffusion transformer from a GGUF file of the folder diffusion_models (or unet). LoRAs are added to its exact values.",
  version: 1,
  inputs: { unet_name: file("diffusion_models") },
  outputs: { MODEL: output("MODEL") },
  searchAliases: ["UNETLoader", "quantized"],
  run: (context, { unet_name }) => {
    const path = context.modelPath("diffusion_models", unet_name);
    return { MODEL: modelRecipe(context.models.identify(path, "diffusion")) };
  },
});
