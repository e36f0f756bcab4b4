/** Sampling as nodes ask for it: a model recipe in, a latent out, with progress and previews of all frames. */
import { stepAttention } from "#runtime/attention/plan";
import type { ModelAccess } from "#runtime/sdk/model-access";
import type { NodeContext } from "#runtime/sdk/node";
import type {
  Conditioning,
  Latent,
  ModelRecipe,
  NoiseSource,
  SamplerChoice,
  Sigmas,
} from "#runtime/sdk/values";
import type { Flow } from "./flow.ts";
import type { SampleResult } from "./request.ts";
import { sampleLatent } from "./run.ts";
import { samplerByName } from "./sampler-registry.ts";

export interface RecipeSampling {
  readonly model: ModelRecipe;
  readonly sampler: SamplerChoice;
  readonly sigmas: Sigmas;
  readonly latent: Latent;
  readonly noise: NoiseSource;
  /** Seed of the sampler's own noise when `noise` has none. */
  readonly seed?: bigint;
  readonly positive: Conditioning;
  readonly negative?: Conditioning;
  readonly cfg: number;
  /** As in a SampleRequest. */
  readonly stepCfg?: (step: number) => number;
}

/** Flow of a model: the recipe's shift, or the family's own. */
export function recipeFlow(models: Pick<ModelAccess, "diffusionFamily">, model: ModelRecipe): Flow {
  const family = models.diffusionFamily(model.checkpoint);
  return { shift: model.shift ?? family.defaultShift, timestepFactor: family.timestepFactor };
}

export async function sampleRecipe(
  context: NodeContext,
  request: RecipeSampling,
): Promise<SampleResult> {
  const { model, sampler, ...rest } = request;
  using lease = await context.models.diffusion(model);
  for (const warning of lease.warnings) context.warn(warning);
  // Loading is over: the first step is timed from here.
  context.progress(0, Math.max(1, request.sigmas.length - 1));
  const plan = {
    settings: context.models.attention ?? model.attention,
    kind: lease.family.maskKind,
    grid: lease.tokenGrid(request.latent.samples.shape.slice(1)),
    steps: request.sigmas.length - 1,
  };
  // Awaited here: the lease must last until the last step.
  return await sampleLatent({
    ...rest,
    device: context.device,
    model: lease.instance,
    family: lease.family,
    colours: lease.colours,
    shift: model.shift,
    sampler: samplerByName(sampler.name),
    samplerOptions: sampler.options,
    attention: (step) => stepAttention(plan, step),
    signal: context.signal,
    onStep: ({ done, steps, preview }) => {
      context.progress(done, steps);
      if (preview !== null) context.preview(preview);
    },
  });
}
