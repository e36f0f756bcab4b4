import { file } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "VAELoader",
  title: "Load VAE",
  category: "loaders",
  description: "An autoencoder between frames and latents from the folder vae.",
  version: 1,
  inputs: { vae_name: file("vae") },
  outputs: { VAE: output("VAE") },
  run: (context, { vae_name }) => {
    const path = context.modelPath("vae", vae_name);
    return { VAE: { kind: "vae", checkpoint: context.models.identify(path, "vae") } };
  },
});
