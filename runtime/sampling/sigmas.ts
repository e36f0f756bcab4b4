/** From what sampler nodes are told (steps, denoise, start, end) to the noise levels of a run, as ComfyUI does it. */
import { UmbelError } from "#runtime/errors";
import type { SamplerDefinition } from "#runtime/sdk/sampler";
import type { Flow } from "./flow.ts";
import { scheduleSigmas, type ScheduleName } from "./schedules.ts";

export interface SigmaRequest {
  readonly schedule: ScheduleName;
  readonly flow: Flow;
  readonly steps: number;
  /** Part of the way that is run, counted from the clean end; 1: all. */
  readonly denoise?: number;
}

/** BasicScheduler: the last `steps` steps of a schedule of steps / denoise. Empty when denoise is 0. */
export function basicSigmas(request: SigmaRequest): Float32Array {
  return withDenoise(request, (steps) => scheduleSigmas(request.schedule, request.flow, steps));
}

/** KSampler and KSamplerAdvanced: as BasicScheduler, with the rule for solvers that drop the last but one level. */
export function kSamplerSigmas(
  request: SigmaRequest,
  sampler: Pick<SamplerDefinition, "dropsPenultimateSigma">,
): Float32Array {
  return withDenoise(request, (steps) => {
    if (sampler.dropsPenultimateSigma !== true) {
      return scheduleSigmas(request.schedule, request.flow, steps);
    }
    const sigmas = scheduleSigmas(request.schedule, request.flow, steps + 1);
    const kept = sigmas.slice(0, -1);
    kept[kept.length - 1] = sigmas[sigmas.length - 1] as number;
    return kept;
  });
}

/**
 * KSamplerAdvanced: the levels between two steps. Without leftover noise a run that ends early is taken down to 0.
 * Null when nothing is left to run, in which case the latent passes unchanged.
 */
export function cutSigmas(
  sigmas: Float32Array,
  range: { readonly start?: number; readonly end?: number; readonly leftoverNoise?: boolean },
): Float32Array | null {
  let cut = sigmas.slice();
  if (range.end !== undefined && range.end < cut.length - 1) {
    cut = cut.slice(0, range.end + 1);
    if (range.leftoverNoise !== true) cut[cut.length - 1] = 0;
  }
  if (range.start === undefined) return cut;
  return range.start < cut.length - 1 ? cut.slice(range.start) : null;
}

function withDenoise(request: SigmaRequest, levels: (steps: number) => Float32Array): Float32Array {
  const { steps, denoise = 1 } = request;
  if (!Number.isInteger(steps) || steps < 1) {
    throw new UmbelError("ERR_INVALID_ARGUMENT", `Expected at least 1 step, got ${steps}.`);
  }
  if (denoise > 0.9999) return levels(steps);
  if (!(denoise > 0)) return new Float32Array(0);
  return levels(Math.trunc(steps / denoise)).slice(-(steps + 1));
}
