import { UmbelError } from "#runtime/errors";
import { isOne } from "#runtime/sampling/guidance";
import { sampleRecipe, type RecipeSampling } from "#runtime/sampling/recipe-sampling";
import { WAN_VIDEO_SCHEDULERS } from "#runtime/sampling/wan-video-levels";
import { DENSE } from "#runtime/sdk/attention-settings";
import {
  boolean,
  combo,
  float,
  floatPerStep,
  int,
  optionalSocket,
  seed,
  socket,
} from "#runtime/sdk/inputs";
import { defineNode, output, type NodeContext } from "#runtime/sdk/node";
import type { Latent } from "#runtime/sdk/values";
import { withExtra } from "#runtime/vae/known-frames";
import type { WanVideoClip, WanVideoModel } from "#runtime/sdk/wan-video-values";

/** Those that are not sampled here are listed so that old graphs open, and refused with words. */
const OTHERS = [
  "flowmatch_pusa",
  "multitalk",
  "longcat_distill_euler",
  "er_sde",
  "sa_ode_stable",
  "rcm",
  "vibt_unipc",
];

export default defineNode({
  type: "WanVideoSampler",
  title: "WanVideo: sampler",
  category: "wanvideo wrapper",
  description: "Samples as ComfyUI-WanVideoWrapper does: its solvers, its noise levels.",
  version: 1,
  inputs: {
    model: socket("WANVIDEOMODEL"),
    image_embeds: socket("WANVIDIMAGE_EMBEDS"),
    steps: int({ default: 30, min: 1, max: 10000 }),
    cfg: floatPerStep({ default: 6, min: 0, max: 30, step: 0.01 }),
    shift: float({ default: 5, min: 0, max: 1000, step: 0.01 }),
    seed: seed(),
    force_offload: boolean({ default: true, advanced: true }),
    scheduler: combo([...WAN_VIDEO_SCHEDULERS.keys(), ...OTHERS]),
    riflex_freq_index: int({ default: 0, min: 0, max: 1000, advanced: true }),
    text_embeds: optionalSocket("WANVIDEOTEXTEMBEDS"),
    samples: optionalSocket("LATENT"),
    denoise_strength: float({ default: 1, min: 0, max: 1, step: 0.01 }),
    feta_args: optionalSocket("FETAARGS"),
    cache_args: optionalSocket("CACHEARGS"),
    batched_cfg: boolean({ default: false, advanced: true }),
    rope_function: combo(["default", "comfy", "comfy_chunked"], {
      default: "comfy",
      advanced: true,
    }),
    sigmas: optionalSocket("SIGMAS"),
    start_step: int({ default: 0, min: 0, max: 10000, advanced: true }),
    end_step: int({ default: -1, min: -1, max: 10000, advanced: true }),
    add_noise_to_samples: boolean({ default: false, advanced: true }),
  },
  outputs: { samples: output("LATENT"), denoised_samples: output("LATENT") },
  check: ({ scheduler = "", steps = 0, riflex_freq_index = 0 }) => {
    const found = WAN_VIDEO_SCHEDULERS.get(scheduler);
    const problems: string[] = [];
    if (found === undefined)
      problems.push(
        `Expected one of ${[...WAN_VIDEO_SCHEDULERS.keys()].join(", ")} for "scheduler", got "${scheduler}", which is not sampled here.`,
      );
    if (found?.steps !== undefined && steps !== found.steps)
      problems.push(`Expected ${found.steps} steps for "${scheduler}", got ${steps}.`);
    if (riflex_freq_index !== 0)
      problems.push(
        `Expected 0 for "riflex_freq_index", got ${riflex_freq_index}: RIFLEx is not made here.`,
      );
    return problems;
  },
  run: async (context, inputs) => {
    const { model, text_embeds, samples } = inputs;
    if (text_embeds === undefined)
      throw new UmbelError("ERR_NODE", 'Expected prompts at "text_embeds", got none.');
    warnOfLeftOut(context, inputs);
    const { sampler, sigmas, isNear } = levelsOf(inputs);
    if (isNear) {
      context.warn(
        `"${inputs.scheduler}" is sampled with ${sampler}, which is of the same kind but not the same.`,
      );
    }
    const isPart = inputs.denoise_strength < 1;
    const isNoisy = samples === undefined || inputs.add_noise_to_samples || isPart;
    const clip = inputs.image_embeds;
    const positive = withExtra(text_embeds.positive, clip.positive ?? {});
    const negative = text_embeds.negative && withExtra(text_embeds.negative, clip.negative ?? {});
    const result = await sampleRecipe(context, {
      model: {
        ...model.recipe,
        shift: inputs.shift,
        attention: model.isRadial ? model.radial : DENSE,
      },
      sampler: { name: sampler, options: {} },
      sigmas,
      latent: samples ?? emptyLatent(context, model, clip),
      noise: isNoisy ? { kind: "random", seed: inputs.seed } : { kind: "none" },
      seed: inputs.seed,
      positive,
      ...(negative === null ? {} : { negative }),
      ...guidanceOf(inputs.cfg),
    });
    return { samples: result.samples, denoised_samples: result.denoised };
  },
});

/** A list is counted from the first step of this sampler; its last number stands for all that follow. */
function guidanceOf(cfg: number | readonly number[]): Pick<RecipeSampling, "cfg" | "stepCfg"> {
  if (typeof cfg === "number") return { cfg };
  const last = cfg.at(-1) ?? 1;
  return { cfg: cfg.find((one) => !isOne(one)) ?? 1, stepCfg: (step) => cfg[step] ?? last };
}

interface LevelInputs {
  readonly scheduler: string;
  readonly steps: number;
  readonly shift: number;
  readonly denoise_strength: number;
  readonly start_step: number;
  readonly end_step: number;
  readonly sigmas: Float32Array | undefined;
}

function levelsOf(inputs: LevelInputs): { sampler: string; sigmas: Float32Array; isNear: boolean } {
  const found = WAN_VIDEO_SCHEDULERS.get(inputs.scheduler);
  if (found === undefined) {
    throw new UmbelError("ERR_NODE", `Expected a known scheduler, got "${inputs.scheduler}".`);
  }
  const { shift, steps, denoise_strength: part, end_step: end } = inputs;
  const all = inputs.sigmas ?? Float32Array.from([...found.levels(shift, steps), 0]);
  const count = all.length - 1;
  const start = part < 1 ? Math.max(0, count - Math.trunc(count * part) - 1) : inputs.start_step;
  const last = end === -1 ? count : Math.min(end, count);
  if (start >= last) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected a first step below the last of ${last}, got ${start}. Change start_step or end_step.`,
    );
  }
  const isNear = found.isNear === true;
  return { sampler: found.sampler, sigmas: all.slice(start, last + 1), isNear };
}

function emptyLatent(
  context: NodeContext,
  { recipe }: WanVideoModel,
  { width, height, frames }: WanVideoClip,
): Latent {
  const { latent } = context.models.diffusionFamily(recipe.checkpoint);
  const shape = [
    1,
    latent.channels,
    Math.floor((frames - 1) / latent.temporalFactor) + 1,
    Math.floor(height / latent.spatialFactor),
    Math.floor(width / latent.spatialFactor),
  ];
  const count = shape.reduce((product, extent) => product * extent, 1);
  return { samples: { data: new Float32Array(count), shape } };
}

function warnOfLeftOut(
  context: NodeContext,
  inputs: { readonly feta_args: null | undefined; readonly cache_args: null | undefined },
): void {
  if (inputs.feta_args !== undefined)
    context.warn("Enhance-A-Video is not made here: sampled without it.");
  if (inputs.cache_args !== undefined)
    context.warn("No step is skipped by a cache here: every one is computed.");
}
