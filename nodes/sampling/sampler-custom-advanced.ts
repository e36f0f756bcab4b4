import { sampleRecipe } from "#runtime/sampling/recipe-sampling";
import { socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "SamplerCustomAdvanced",
  title: "Sampler (own parts)",
  category: "sampling",
  description: "Samples with noise, guider, solver and noise levels from nodes of their own.",
  version: 1,
  inputs: {
    noise: socket("NOISE"),
    guider: socket("GUIDER"),
    sampler: socket("SAMPLER"),
    sigmas: socket("SIGMAS"),
    latent_image: socket("LATENT"),
  },
  outputs: { output: output("LATENT"), denoised_output: output("LATENT") },
  run: async (context, { noise, guider, sampler, sigmas, latent_image }) => {
    const { samples, denoised } = await sampleRecipe(context, {
      ...guider,
      noise,
      sampler,
      sigmas,
      latent: latent_image,
    });
    return { output: samples, denoised_output: denoised };
  },
});
