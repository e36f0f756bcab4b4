import { file } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import { modelRecipe } from "#runtime/sdk/recipes";

export default defineNode({
  type: "CheckpointLoaderSimple",
  title: "Load checkpoint",
  category: "loaders",
  description: "Diffusion model, text encoder and VAE from one file of the folder checkpoints.",
  version: 1,
  inputs: { ckpt_name: file("checkpoints") },
  outputs: { MODEL: output("MODEL"), CLIP: output("CLIP"), VAE: output("VAE") },
  run: (context, { ckpt_name }) => {
    const path = context.modelPath("checkpoints", ckpt_name);
    return {
      MODEL: modelRecipe(context.models.identify(path, "diffusion")),
      CLIP: { kind: "clip", checkpoint: context.models.identify(path, "text-encoder"), loras: [] },
      VAE: { kind: "vae", checkpoint: context.models.identify(path, "vae") },
    };
  },
});
