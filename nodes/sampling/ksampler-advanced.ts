import { recipeFlow, sampleRecipe } from "#runtime/sampling/recipe-sampling";
import { samplerByName, SAMPLER_NAMES } from "#runtime/sampling/sampler-registry";
import { SCHEDULE_NAMES } from "#runtime/sampling/schedules";
import { cutSigmas, kSamplerSigmas } from "#runtime/sampling/sigmas";
import { combo, float, int, seed, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "KSamplerAdvanced",
  title: "Sampler (part of a run)",
  category: "sampling",
  description: "Runs some steps of a schedule, so that two models can share one run.",
  version: 1,
  inputs: {
    model: socket("MODEL"),
    add_noise: combo(["enable", "disable"]),
    noise_seed: seed(),
    steps: int({ default: 20, min: 1, max: 10000 }),
    cfg: float({ default: 8, min: 0, max: 100, step: 0.1 }),
    sampler_name: combo(SAMPLER_NAMES),
    scheduler: combo(SCHEDULE_NAMES),
    positive: socket("CONDITIONING"),
    negative: socket("CONDITIONING"),
    latent_image: socket("LATENT"),
    start_at_step: int({ default: 0, min: 0, max: 10000 }),
    end_at_step: int({ default: 10000, min: 0, max: 10000 }),
    return_with_leftover_noise: combo(["disable", "enable"]),
  },
  outputs: { LATENT: output("LATENT") },
  run: async (context, inputs) => {
    const { model, steps } = inputs;
    const sampler = samplerByName(inputs.sampler_name);
    const flow = recipeFlow(context.models, model);
    const all = kSamplerSigmas({ schedule: inputs.scheduler, flow, steps }, sampler);
    const sigmas = cutSigmas(all, {
      start: inputs.start_at_step,
      end: inputs.end_at_step,
      leftoverNoise: inputs.return_with_leftover_noise === "enable",
    });
    if (sigmas === null) return { LATENT: inputs.latent_image };
    const { samples } = await sampleRecipe(context, {
      model,
      sampler: { name: sampler.name, options: {} },
      sigmas,
      latent: inputs.latent_image,
      noise:
        inputs.add_noise === "enable"
          ? { kind: "random", seed: inputs.noise_seed }
          : { kind: "none" },
      seed: inputs.noise_seed,
      positive: inputs.positive,
      negative: inputs.negative,
      cfg: inputs.cfg,
    });
    return { LATENT: samples };
  },
});
