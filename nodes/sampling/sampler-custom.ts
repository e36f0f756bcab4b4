import { sampleRecipe } from "#runtime/sampling/recipe-sampling";
import { boolean, float, seed, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "SamplerCustom",
  title: "Sampler (own schedule)",
  category: "sampling",
  description: "Samples with a given solver and given noise levels.",
  version: 1,
  inputs: {
    model: socket("MODEL"),
    add_noise: boolean({ default: true }),
    noise_seed: seed(),
    cfg: float({ default: 8, min: 0, max: 100, step: 0.1 }),
    positive: socket("CONDITIONING"),
    negative: socket("CONDITIONING"),
    sampler: socket("SAMPLER"),
    sigmas: socket("SIGMAS"),
    latent_image: socket("LATENT"),
  },
  outputs: { output: output("LATENT"), denoised_output: output("LATENT") },
  run: async (context, { add_noise, noise_seed, latent_image, ...request }) => {
    const { samples, denoised } = await sampleRecipe(context, {
      ...request,
      latent: latent_image,
      noise: add_noise ? { kind: "random", seed: noise_seed } : { kind: "none" },
      seed: noise_seed,
    });
    return { output: samples, denoised_output: denoised };
  },
});
