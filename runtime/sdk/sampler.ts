/** What a sampler file exports. The engine lists runtime/samplers/. */
import type { Tensor } from "#runtime/tensor/tensor";

export interface SamplerRun {
  /** Descending, steps + 1 values; float32 as ComfyUI's tables are. */
  readonly sigmas: Float32Array;
  /** Initial state, float32; the sampler takes it over. */
  readonly x: Tensor;
  /** The model's estimate of the clean latent at noise level sigma. Enqueues only; the caller disposes the result. */
  denoise(x: Tensor, sigma: number): Tensor;
  /** Fresh unit noise of x's shape from the sampler's own stream. */
  noise(): Tensor;
  /**
   * Unit noise for the way from one noise level to another: increments of one Brownian path, so that the same seed
   * means the same path for any number of steps. The noise levels must lie within those of `sigmas`.
   */
  pathNoise(sigma: number, next: number): Tensor;
  /** The level that stands in for pure noise where its signal-to-noise ratio would be needed: just below 1. */
  readonly almostNoise: number;
  /** Ends step i: waits for the device, reports progress with a preview of `denoised`, and throws when cancelled. */
  step(index: number, denoised: Tensor): Promise<void>;
  readonly options: Readonly<Record<string, number | boolean | string>>;
}

export interface SamplerDefinition {
  /** ComfyUI's name. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** KSampler computes one step more and drops the last but one noise level (ComfyUI: uni_pc, uni_pc_bh2, dpm_2). */
  readonly dropsPenultimateSigma?: boolean;
  /** The model is asked at timesteps cut to whole numbers, as the solver's original does (Wan). */
  readonly wholeTimesteps?: boolean;
  /** Model evaluations of a run of `steps` steps. */
  evaluations(steps: number): number;
  sample(run: SamplerRun): Promise<Tensor>;
}

export function defineSampler(definition: SamplerDefinition): SamplerDefinition {
  return definition;
}
