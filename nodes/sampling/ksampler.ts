import { recipeFlow, sampleRecipe } from "#runtime/sampling/recipe-sampling";
import { samplerByName, SAMPLER_NAMES } from "#runtime/sampling/sampler-registry";
import { SCHEDULE_NAMES } from "#runtime/sampling/schedules";
import { kSamplerSigmas } from "#runtime/sampling/sigmas";
import { combo, float, int, seed, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "KSampler",
  title: "Sampler",
  category: "sampling",
  description: "Turns noise into a clip's latent, step by step, guided by the prompts.",
  version: 1,
  inputs: {
    model: socket("MODEL"),
    seed: seed(),
    steps: int({ default: 20, min: 1, max: 10000 }),
    cfg: float({ default: 8, min: 0, max: 100, step: 0.1 }),
    sampler_name: combo(SAMPLER_NAMES),
    scheduler: combo(SCHEDULE_NAMES),
    positive: socket("CONDITIONING"),
    negative: socket("CONDITIONING"),
    latent_image: socket("LATENT"),
    denoise: float({ default: 1, min: 0, max: 1, step: 0.01 }),
  },
  outputs: { LATENT: output("LATENT") },
  run: async (context, inputs) => {
    const { model, steps, denoise } = inputs;
    const sampler = samplerByName(inputs.sampler_name);
    const flow = recipeFlow(context.models, model);
    const sigmas = kSamplerSigmas({ schedule: inputs.scheduler, flow, steps, denoise }, sampler);
    const { samples } = await sampleRecipe(context, {
      model,
      sampler: { name: sampler.name, options: {} },
      sigmas,
      latent: inputs.latent_image,
      noise: { kind: "random", seed: inputs.seed },
      positive: inputs.positive,
      negative: inputs.negative,
      cfg: inputs.cfg,
    });
    return { LATENT: samples };
  },
});
