import { sampleWithExperts } from "#runtime/sampling/expert-sampling";
import { recipeFlow } from "#runtime/sampling/recipe-sampling";
import { samplerByName, SAMPLER_NAMES } from "#runtime/sampling/sampler-registry";
import { SCHEDULE_NAMES } from "#runtime/sampling/schedules";
import { kSamplerSigmas } from "#runtime/sampling/sigmas";
import { combo, float, int, seed, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "WanTwoExpertSampler",
  title: "Sampler with two experts",
  category: "sampling",
  description:
    "Wan 2.2 A14B in one run: the expert for noisy steps down to the boundary, then the other. Only the one at work is on the device.",
  version: 1,
  inputs: {
    model_high_noise: socket("MODEL"),
    model_low_noise: socket("MODEL"),
    positive: socket("CONDITIONING"),
    negative: socket("CONDITIONING"),
    latent_image: socket("LATENT"),
    seed: seed(),
    steps: int({ default: 40, min: 1, max: 10000 }),
    cfg_high_noise: float({ default: 4, min: 0, max: 100, step: 0.1 }),
    cfg_low_noise: float({ default: 3, min: 0, max: 100, step: 0.1 }),
    sampler_name: combo(SAMPLER_NAMES, { default: "wan_unipc" }),
    scheduler: combo(SCHEDULE_NAMES, { default: "wan" }),
    shift: float({ default: 12, min: 0.01, max: 100, step: 0.01 }),
    boundary: float({
      default: 0.875,
      min: 0,
      max: 1,
      step: 0.001,
      tooltip: "Noise level of the switch: 0.875 for text to video, 0.9 for image to video.",
    }),
    denoise: float({ default: 1, min: 0, max: 1, step: 0.01, advanced: true }),
  },
  outputs: { LATENT: output("LATENT") },
  searchAliases: ["MoE", "A14B", "KSamplerAdvanced"],
  run: async (context, inputs) => {
    const { steps, denoise, shift } = inputs;
    const sampler = samplerByName(inputs.sampler_name);
    const high = { model: { ...inputs.model_high_noise, shift }, cfg: inputs.cfg_high_noise };
    const low = { model: { ...inputs.model_low_noise, shift }, cfg: inputs.cfg_low_noise };
    const flow = recipeFlow(context.models, high.model);
    const { samples } = await sampleWithExperts(context, {
      high,
      low,
      boundary: inputs.boundary,
      sampler: { name: sampler.name, options: {} },
      sigmas: kSamplerSigmas({ schedule: inputs.scheduler, flow, steps, denoise }, sampler),
      latent: inputs.latent_image,
      noise: { kind: "random", seed: inputs.seed },
      positive: inputs.positive,
      negative: inputs.negative,
    });
    return { LATENT: samples };
  },
});
