import type { ModelManager } from "#runtime/engine/models/manager";
import { stepAttention } from "#runtime/attention/plan";
import { Denoiser } from "#runtime/sampling/guidance";
import { latentNoise } from "#runtime/sampling/noise";
import { sampleLatent } from "#runtime/sampling/run";
import { samplerByName } from "#runtime/sampling/sampler-registry";
import { scheduleSigmas } from "#runtime/sampling/schedules";
import { DENSE, type AttentionSettings } from "#runtime/sdk/attention-settings";
import { modelRecipe, withLora } from "#runtime/sdk/recipes";
import type { Conditioning, ModelRecipe } from "#runtime/sdk/values";
import type { Device } from "#runtime/tensor/device";
import { encodeTokens, tokenizePrompt } from "#runtime/text/encode-prompt";
import { tokenizerOf } from "#runtime/text/tokenizer-of";

export interface ClipSettings {
  readonly prompt: string;
  readonly width: number;
  readonly height: number;
  readonly length: number;
  readonly steps: number;
  readonly cfg: number;
  readonly seed: bigint;
  /** By default dense. */
  readonly attention?: AttentionSettings;
  readonly diffusion: string;
  /** Also computes the first prediction apart, which takes one more forward pass. */
  readonly withPrediction: boolean;
  /** By default the file's. */
  readonly weightType?: ModelRecipe["weightType"];
  /** At full strength. */
  readonly lora?: string;
  readonly encoder: string;
  readonly vae: string;
}

export interface Clip {
  readonly text: Float32Array;
  /** The model's prediction at the first step; empty unless asked for. */
  readonly prediction: Float32Array;
  readonly latent: Float32Array;
  readonly frames: Float32Array;
  readonly seconds: { readonly text: number; readonly sampling: number; readonly decoding: number };
  /** Whether a second run gave the same frames. */
  readonly repeats: boolean;
}

/** A prompt becomes a clip, without nodes or files. */
export async function makeClip(
  device: Device,
  manager: ModelManager,
  settings: ClipSettings,
): Promise<Clip> {
  const start = performance.now();
  const [positive, negative] = await encode(manager, settings);
  const encoded = performance.now();
  const { prediction, latent, shape } = await sample(device, manager, settings, positive, negative);
  const sampled = performance.now();
  const frames = await decode(device, manager, settings, latent, shape);
  const decoded = performance.now();
  return {
    text: positive[0]?.context.data ?? new Float32Array(),
    prediction,
    latent,
    frames,
    seconds: {
      text: (encoded - start) / 1000,
      sampling: (sampled - encoded) / 1000,
      decoding: (decoded - sampled) / 1000,
    },
    repeats: false,
  };
}

async function encode(
  manager: ModelManager,
  { prompt, encoder }: ClipSettings,
): Promise<readonly [Conditioning, Conditioning]> {
  const checkpoint = manager.identify(encoder, "text-encoder");
  using lease = await manager.textEncoder({ kind: "clip", checkpoint, loras: [] });
  const tokenizer = tokenizerOf(lease.tokenizer);
  const part = async (text: string): Promise<Conditioning> => [
    await encodeTokens(lease.instance, tokenizePrompt(tokenizer, text)),
  ];
  return [await part(prompt), await part("")];
}

async function sample(
  device: Device,
  manager: ModelManager,
  settings: ClipSettings,
  positive: Conditioning,
  negative: Conditioning,
) {
  const { diffusion, lora, attention = DENSE, width, height, length, steps, cfg, seed } = settings;
  const plain = modelRecipe(manager.identify(diffusion, "diffusion"), settings.weightType);
  using lease = await manager.diffusion(lora === undefined ? plain : withLora(plain, lora, 1));
  const { latent: format, timestepFactor } = lease.family;
  const shape = [
    1,
    format.channels,
    Math.floor((length - 1) / format.temporalFactor) + 1,
    height / format.spatialFactor,
    width / format.spatialFactor,
  ];
  const noise = latentNoise(shape, seed);
  const prediction = settings.withPrediction ? await firstPrediction() : new Float32Array();
  const shift = 5;
  const grid = lease.tokenGrid(shape.slice(1));
  const plan = { settings: attention, grid, kind: lease.family.maskKind, steps };
  const { samples } = await sampleLatent({
    device,
    model: lease.instance,
    family: lease.family,
    attention: (step) => stepAttention(plan, step),
    shift,
    sampler: samplerByName("euler"),
    sigmas: scheduleSigmas("simple", { shift, timestepFactor }, steps),
    latent: { samples: { data: new Float32Array(noise.length), shape } },
    noise: { kind: "random", seed },
    positive,
    negative,
    cfg,
  });
  return { prediction, latent: samples.samples.data, shape };

  async function firstPrediction(): Promise<Float32Array> {
    using denoiser = new Denoiser(device, { model: lease.instance, positive, negative, cfg });
    using x = device.tensor(noise, shape);
    using first = denoiser.denoise(x, { sigma: 1, timestep: timestepFactor });
    return await first.read();
  }
}

async function decode(
  device: Device,
  manager: ModelManager,
  { vae }: ClipSettings,
  latent: Float32Array,
  shape: readonly number[],
): Promise<Float32Array> {
  using lease = await manager.vae({ kind: "vae", checkpoint: manager.identify(vae, "vae") });
  using samples = device.tensor(latent, shape.slice(1));
  const parts: Float32Array[] = [];
  await lease.instance.decode(samples, async (frames) => {
    parts.push(await frames.read());
  });
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part, at);
    at += part.length;
  }
  return values;
}

/** Relative errors, and the frames' PSNR in dB of a range of 2 (-1..1); infinite when they are equal. */
export function compareClips(a: Clip, b: Clip) {
  return {
    text: relativeError(a.text, b.text),
    prediction: relativeError(a.prediction, b.prediction),
    latent: relativeError(a.latent, b.latent),
    frames: psnr(a.frames, b.frames),
  };
}

function relativeError(a: Float32Array, b: Float32Array): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i++) {
    difference += ((a[i] ?? NaN) - (b[i] ?? 0)) ** 2;
    norm += (b[i] ?? 0) ** 2;
  }
  return Math.sqrt(difference / norm);
}

function psnr(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += ((a[i] ?? NaN) - (b[i] ?? 0)) ** 2;
  return 10 * Math.log10((4 * b.length) / sum);
}
