/**
 * One sampling run, wrapped as ComfyUI wraps it: latents come and go on the links' scale, noise is mixed in at the
 * first level, leftover noise is divided out at the last (so that two experts can run one after the other).
 */
import { UmbelError } from "#runtime/errors";
import type { HostTensor, Latent, NoiseSource } from "#runtime/sdk/values";
import { keep } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { Denoiser } from "./guidance.ts";
import { KnownLatents, latentMask } from "./known-latents.ts";
import { checkLatent, toLinkScale, toModelScale } from "./latent-scale.ts";
import { latentNoise } from "./noise.ts";
import type { SampleRequest, SampleResult } from "./request.ts";
import { readValues, SamplerSession } from "./session.ts";

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
  const noise = request.startNoise ?? startNoise(latent, request.noise);
  const start = addNoise(clean, noise, sigmas[0] as number);
  const mask = latentMask(latent);
  using known =
    mask === null
      ? null
      : new KnownLatents(device, {
          clean,
          noise,
          mask,
          isClean: family.keepsKnownLatents === true,
        });
  const denoiser = new Denoiser(device, request);
  try {
    const session = new SamplerSession(request, sigmas, denoiser, known);
    await request.beforeStep?.(0);
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
