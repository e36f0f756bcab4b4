/** One sampler at work: model calls, its own noise, progress and cancellation. */
import { UmbelError } from "#runtime/errors";
import type { SamplerRun } from "#runtime/sdk/sampler";
import type { HostTensor } from "#runtime/sdk/values";
import { keep } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { BrownianPath } from "./brownian-path.ts";
import { percentToSigma, type Flow } from "./flow.ts";
import type { Denoiser } from "./guidance.ts";
import { TorchRandom } from "./noise.ts";
import { latentPreview } from "./preview.ts";
import type { KnownLatents } from "./known-latents.ts";
import type { SampleRequest } from "./request.ts";

/** What the sampler sees, and what is remembered between its steps. */
export class SamplerSession {
  /** Last estimate of the clean latent, model scale. */
  denoised: Float32Array | null = null;
  readonly #request: SampleRequest;
  readonly #sigmas: Float32Array;
  readonly #levels: Float32Array;
  readonly #denoiser: Denoiser;
  readonly #seed: bigint;
  readonly #known: KnownLatents | null;
  /** Step at work. */
  #current = 0;

  /** `sigmas` are handed to the sampler, which may write into them. */
  constructor(
    request: SampleRequest,
    sigmas: Float32Array,
    denoiser: Denoiser,
    known: KnownLatents | null = null,
  ) {
    this.#known = known;
    this.#request = request;
    this.#sigmas = sigmas;
    this.#levels = sigmas.slice();
    this.#denoiser = denoiser;
    const own = request.noise.kind === "random" ? request.noise.seed : 0n;
    this.#seed = request.seed ?? own;
  }

  /** What a sampler gets to start from a state [B, C, T, h, w] on the model's scale, which it takes over. */
  run(x: Tensor): SamplerRun {
    const { device } = this.#request;
    const shape = this.#request.latent.samples.shape;
    const size = x.numel;
    // ComfyUI counts the seed up by one, so that the first noise is not the latent's own once more.
    const stream = new TorchRandom(this.#seed + 1n);
    let path: BrownianPath | null = null;
    const upload = (values: () => Float32Array): Tensor =>
      keep(device.name === "null" ? device.zeros(shape) : device.tensor(values(), shape));
    return {
      sigmas: this.#sigmas,
      x,
      denoise: (state, sigma) => this.#denoise(state, sigma),
      noise: () => upload(() => stream.randn(size)),
      pathNoise: (sigma, next) =>
        upload(() => {
          path ??= BrownianPath.over(this.#levels, size, this.#seed);
          return path.unitNoise(sigma, next);
        }),
      almostNoise: Math.fround(percentToSigma(this.#flow(), 1e-4)),
      step: (index, denoised) => this.#step(index, denoised),
      options: this.#request.samplerOptions ?? {},
    };
  }

  #flow(): Flow {
    const { family, shift } = this.#request;
    return { shift: shift ?? family.defaultShift, timestepFactor: family.timestepFactor };
  }

  #denoise(x: Tensor, sigma: number): Tensor {
    this.#checkCancelled();
    const { family, sampler, attention } = this.#request;
    const exact = Math.fround(sigma) * family.timestepFactor;
    const timestep = sampler.wholeTimesteps === true ? wholeTimestep(exact) : Math.fround(exact);
    const step = this.#stepAt(sigma);
    const layers = attention?.(step);
    const cfg = this.#request.stepCfg?.(this.#current);
    const tells = this.#known !== null && family.keepsKnownLatents === true;
    const evaluation = {
      sigma,
      timestep,
      ...(layers === undefined ? {} : { attention: layers }),
      ...(cfg === undefined ? {} : { cfg }),
      ...(tells && this.#known !== null ? { unknown: this.#known.unknown } : {}),
    };
    const model = (state: Tensor) => this.#denoiser.denoise(state, evaluation);
    return keep(this.#known === null ? model(x) : this.#known.denoise(x, sigma, model));
  }

  /** Index of the step that a noise level belongs to: the last level not below it. */
  #stepAt(sigma: number): number {
    let step = 0;
    for (let i = 0; i + 1 < this.#levels.length; i++) {
      if ((this.#levels[i] as number) >= Math.fround(sigma)) step = i;
    }
    return step;
  }

  async #step(index: number, denoised: Tensor): Promise<void> {
    const { family, onStep, latent, colours = family.latent } = this.#request;
    const steps = this.#levels.length - 1;
    const counting = this.#request.device.name === "null";
    const wanted = (onStep !== undefined && !counting) || index + 1 >= steps;
    if (wanted) this.denoised = await readValues(denoised);
    else await this.#request.device.sync();
    this.#checkCancelled();
    this.#current = index + 1;
    if (index + 1 < steps) await this.#request.beforeStep?.(index + 1);
    if (onStep === undefined) return;
    const report = { done: index + 1, steps, sigma: this.#levels[index] as number };
    const isShown = !counting && this.denoised !== null && colours.rgb.length > 0;
    if (!isShown || this.denoised === null) return onStep({ ...report, preview: null });
    const estimate: HostTensor = { data: this.denoised, shape: latent.samples.shape };
    onStep({ ...report, preview: latentPreview(estimate, colours) });
  }

  #checkCancelled(): void {
    if (this.#request.signal?.aborted !== true) return;
    throw new UmbelError("ERR_INTERRUPTED", "Expected the run to finish, got a cancellation.");
  }
}

/**
 * Cuts to a whole number as if sigma had not been rounded to float32: what lies below a whole number by no more than
 * that rounding counts as the number itself.
 */
export function wholeTimestep(timestep: number): number {
  return Math.trunc(timestep + 3.2e-5);
}

/** Zeros on the null device, on which a run only counts. */
export async function readValues(tensor: Tensor): Promise<Float32Array> {
  return tensor.device.name === "null" ? new Float32Array(tensor.numel) : tensor.read();
}
