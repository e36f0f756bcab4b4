/**
 * One sampling run, wrapped as ComfyUI wraps it: latents come and go on the links' scale, noise is mixed in at the
 * first level, leftover noise is divided out at the last (so that two experts can run one after the other).
 */
import { UmbelError } from "#runtime/errors";
import type { SamplerRun } from "#runtime/sdk/sampler";
import type { HostTensor, Latent, NoiseSource } from "#runtime/sdk/values";
import { keep } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { BrownianPath } from "./brownian-path.ts";
import { percentToSigma, type Flow } from "./flow.ts";
import { Denoiser } from "./guidance.ts";
import { checkLatent, toLinkScale, toModelScale } from "./latent-scale.ts";
import { latentNoise, TorchRandom } from "./noise.ts";
import { latentPreview } from "./preview.ts";
import type { SampleRequest, SampleResult } from "./request.ts";

/** Runs a sampler over a latent. Throws ERR_INTERRUPTED when cancelled, ERR_SHAPE, ERR_INVALID_ARGUMENT. */
export async function sampleLatent(request: SampleRequest): Promise<SampleResult> {
  const { device, family, latent } = request;
  checkSigmas(request.sigmas);
  checkLatent(latent.samples, family.latent);
  if (request.sigmas.length < 2) return { samples: latent, denoised: latent };

  const sigmas = request.sigmas.slice();
  const shape = latent.samples.shape;
  const clean = latent.samples.data.some((value) => value !== 0)
    ? toModelScale(latent.samples, family.latent)
    : latent.samples;
  const start = addNoise(clean, startNoise(latent, request.noise), sigmas[0] as number);
  const denoiser = new Denoiser(device, request);
  try {
    const session = new Session(request, sigmas, denoiser);
    const x = keep(device.tensor(start, shape));
    const end = keep(await request.sampler.sample(session.run(x)));
    const data = await readAndFree(end);
    const last = Math.fround(1 - (sigmas[sigmas.length - 1] as number));
    const samples = last === 1 ? data : data.map((value) => value / last);
    return {
      samples: { ...latent, samples: toLinkScale({ data: samples, shape }, family.latent) },
      denoised: {
        ...latent,
        samples: toLinkScale({ data: session.denoised ?? data, shape }, family.latent),
      },
    };
  } finally {
    denoiser[Symbol.dispose]();
  }
}

/** What the sampler sees, and what is remembered between its steps. */
class Session {
  /** Last estimate of the clean latent, model scale. */
  denoised: Float32Array | null = null;
  readonly #request: SampleRequest;
  readonly #sigmas: Float32Array;
  readonly #levels: Float32Array;
  readonly #denoiser: Denoiser;
  readonly #seed: bigint;

  constructor(request: SampleRequest, sigmas: Float32Array, denoiser: Denoiser) {
    this.#request = request;
    this.#sigmas = sigmas;
    this.#levels = sigmas.slice();
    this.#denoiser = denoiser;
    const own = request.noise.kind === "random" ? request.noise.seed : 0n;
    this.#seed = request.seed ?? own;
  }

  run(x: Tensor): SamplerRun {
    const { device } = this.#request;
    const shape = this.#request.latent.samples.shape;
    const size = x.numel;
    // ComfyUI counts the seed up by one, so that the first noise is not the latent's own once more.
    const stream = new TorchRandom(this.#seed + 1n);
    let path: BrownianPath | null = null;
    return {
      sigmas: this.#sigmas,
      x,
      denoise: (state, sigma) => this.#denoise(state, sigma),
      noise: () => keep(device.tensor(stream.randn(size), shape)),
      pathNoise: (sigma, next) => {
        path ??= BrownianPath.over(this.#levels, size, this.#seed);
        return keep(device.tensor(path.unitNoise(sigma, next), shape));
      },
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
    const layers = attention?.(this.#stepAt(sigma));
    const chosen = layers === undefined ? {} : { attention: layers };
    return keep(this.#denoiser.denoise(x, { sigma, timestep, ...chosen }));
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
    const { family, onStep, latent } = this.#request;
    const steps = this.#levels.length - 1;
    const wanted = onStep !== undefined || index + 1 >= steps;
    if (wanted) this.denoised = await readValues(denoised);
    else await this.#request.device.sync();
    this.#checkCancelled();
    if (onStep === undefined || this.denoised === null) return;
    const estimate: HostTensor = { data: this.denoised, shape: latent.samples.shape };
    onStep({
      done: index + 1,
      steps,
      sigma: this.#levels[index] as number,
      preview: latentPreview(estimate, family.latent),
    });
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

function startNoise(latent: Latent, noise: NoiseSource): Float32Array | null {
  if (noise.kind === "none") return null;
  return latentNoise(latent.samples.shape, noise.seed, latent.batchIndex);
}

/** sigma noise + (1 - sigma) latent, in float32. */
function addNoise(latent: HostTensor, noise: Float32Array | null, sigma: number): Float32Array {
  const f = Math.fround;
  const rest = f(1 - sigma);
  return latent.data.map((value, i) => f(sigma * (noise?.[i] ?? 0)) + f(rest * value));
}

/** Zeros on the null device, on which a run only counts. */
async function readValues(tensor: Tensor): Promise<Float32Array> {
  return tensor.device.name === "null" ? new Float32Array(tensor.numel) : tensor.read();
}

async function readAndFree(tensor: Tensor): Promise<Float32Array> {
  try {
    return await readValues(tensor);
  } finally {
    tensor[Symbol.dispose]();
  }
}

function checkSigmas(sigmas: Float32Array): void {
  for (let i = 0; i < sigmas.length; i++) {
    const sigma = sigmas[i] as number;
    const before = i === 0 ? 1 : (sigmas[i - 1] as number);
    if (sigma >= 0 && sigma <= 1.0001 && (i === 0 || sigma <= before)) continue;
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected noise levels that fall from at most 1 to 0, got ${sigma} after ${before} at place ${i}.`,
    );
  }
}
