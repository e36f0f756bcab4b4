import { recipeFlow, sampleRecipe } from "#runtime/sampling/recipe-sampling";
import { samplerByName, SAMPLER_NAMES } from "#runtime/sampling/sampler-registry";
import { SCHEDULE_NAMES } from "#runtime/sampling/schedules";
import { kSamplerSigmas } from "#runtime/sampling/sigmas";
import { combo, float, int, seed, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

/** Leading dense steps that keep a run close to dense attention: about a quarter, as the published settings have it. */
function autoDenseSteps(steps: number): number {
  return Math.max(1, Math.round(steps * 0.24));
}

export default defineNode({
  type: "RadialAttentionSampler",
  title: "Radial attention sampler",
  category: "sampling",
  description:
    "Sampler and radial attention in one node. The defaults suit 50, 8 and 4 steps: a dense first block, and a quarter of the steps dense (12, 2, 1).",
  version: 1,
  inputs: {
    model: socket("MODEL"),
    positive: socket("CONDITIONING"),
    negative: socket("CONDITIONING"),
    latent_image: socket("LATENT"),
    seed: seed(),
    steps: int({ default: 50, min: 1, max: 10000 }),
    cfg: float({ default: 5, min: 0, max: 100, step: 0.1, tooltip: "1 with few-step LoRAs." }),
    sampler_name: combo(SAMPLER_NAMES, { default: "uni_pc" }),
    scheduler: combo(SCHEDULE_NAMES),
    shift: float({ default: 5, min: 0, max: 100, step: 0.01 }),
    denoise: float({ default: 1, min: 0, max: 1, step: 0.01, advanced: true }),
    decay_factor: float({
      default: 0.2,
      min: 0,
      max: 1,
      step: 0.01,
      tooltip: "Smaller is sparser and faster.",
    }),
    dense_layers: int({ default: 1, min: 0, max: 100, advanced: true }),
    dense_steps: int({
      default: -1,
      min: -1,
      max: 1000,
      advanced: true,
      tooltip: "Leading dense steps; -1 takes a quarter of the steps.",
    }),
    block_size: combo([128, 64], { advanced: true }),
  },
  outputs: { LATENT: output("LATENT") },
  searchAliases: ["PatchRadialAttn", "sparse"],
  run: async (context, inputs) => {
    const { steps, denoise } = inputs;
    const sampler = samplerByName(inputs.sampler_name);
    const model = {
      ...inputs.model,
      shift: inputs.shift,
      attention: {
        kind: "radial",
        denseLayers: inputs.dense_layers,
        denseSteps: inputs.dense_steps < 0 ? autoDenseSteps(steps) : inputs.dense_steps,
        decayFactor: inputs.decay_factor,
        blockSize: inputs.block_size,
      },
    } as const;
    const flow = recipeFlow(context.models, model);
    const { samples } = await sampleRecipe(context, {
      model,
      sampler: { name: sampler.name, options: {} },
      sigmas: kSamplerSigmas({ schedule: inputs.scheduler, flow, steps, denoise }, sampler),
      latent: inputs.latent_image,
      noise: { kind: "random", seed: inputs.seed },
      positive: inputs.positive,
      negative: inputs.negative,
      cfg: inputs.cfg,
    });
    return { LATENT: samples };
  },
});
