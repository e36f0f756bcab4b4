/** A run that two experts share: one for the noisy steps, one for the rest (Wan 2.2 A14B). */
import { UmbelError } from "#runtime/errors";
import { stepAttention } from "#runtime/attention/plan";
import type { DiffusionLease } from "#runtime/sdk/model-access";
import type { NodeContext } from "#runtime/sdk/node";
import type { ModelRecipe } from "#runtime/sdk/values";
import type { RecipeSampling } from "./recipe-sampling.ts";
import type { SampleResult } from "./request.ts";
import { sampleLatent } from "./run.ts";
import { samplerByName } from "./sampler-registry.ts";
import { isOne } from "./guidance.ts";
import { wholeTimestep } from "./session.ts";

export interface Expert {
  readonly model: ModelRecipe;
  readonly cfg: number;
}

export interface ExpertSampling extends Omit<RecipeSampling, "model" | "cfg"> {
  readonly high: Expert;
  readonly low: Expert;
  /** Noise level (0..1) from which on upwards the expert for noisy steps works. */
  readonly boundary: number;
}

/**
 * How many leading steps belong to the expert for noisy ones: those whose timestep, cut to a whole number where the solver
 * does so, is not below the boundary (in float32 where it does not).
 */
export function noisySteps(sigmas: Float32Array, boundary: number, isWhole: boolean): number {
  const levels = sigmas.slice(0, -1);
  const first = levels.findIndex((sigma) =>
    isWhole ? wholeTimestep(sigma * 1000) < boundary * 1000 : sigma < Math.fround(boundary),
  );
  return first < 0 ? levels.length : first;
}

/** Samples with one solver history across both. Only the expert at work is leased, the other's weights are given up. */
export async function sampleWithExperts(
  context: NodeContext,
  request: ExpertSampling,
): Promise<SampleResult> {
  const { high, low, boundary, sampler, ...rest } = request;
  const { models } = context;
  const solver = samplerByName(sampler.name);
  const steps = request.sigmas.length - 1;
  const noisy = noisySteps(request.sigmas, boundary, solver.wholeTimesteps === true);
  const expertOf = (step: number) => (step < noisy ? high : low);
  let working: { readonly expert: Expert; readonly lease: DiffusionLease } | null = null;
  const enter = async (step: number): Promise<DiffusionLease> => {
    const expert = expertOf(step);
    if (working?.expert === expert) return working.lease;
    working?.lease[Symbol.dispose]();
    if (working !== null) models.giveUp();
    working = null;
    const lease = await models.diffusion(expert.model);
    working = { expert, lease };
    for (const warning of lease.warnings) context.warn(warning);
    return lease;
  };
  try {
    const first = await enter(0);
    const { family } = first;
    context.progress(0, Math.max(1, steps));
    const grid = first.tokenGrid(request.latent.samples.shape.slice(1));
    return await sampleLatent({
      ...rest,
      device: context.device,
      model: {
        forward: (input) => {
          if (working === null) {
            throw new UmbelError("ERR_INTERNAL", "Expected an expert at work, got none.");
          }
          return working.lease.instance.forward(input);
        },
      },
      family,
      shift: high.model.shift,
      sampler: solver,
      samplerOptions: sampler.options,
      cfg: isOne(high.cfg) ? low.cfg : high.cfg,
      stepCfg: (step) => expertOf(step).cfg,
      beforeStep: async (step) => {
        await enter(step);
      },
      attention: (step) => {
        const settings = models.attention ?? expertOf(step).model.attention;
        return stepAttention({ settings, kind: family.maskKind, grid, steps }, step);
      },
      signal: context.signal,
      onStep: ({ done, steps: all, preview }) => {
        context.progress(done, all);
        if (preview !== null) context.preview(preview);
      },
    });
  } finally {
    (working as { readonly lease: DiffusionLease } | null)?.lease[Symbol.dispose]();
  }
}
