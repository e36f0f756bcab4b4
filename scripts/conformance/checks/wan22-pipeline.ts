/**
 * Wan 2.2 TI2V: text and image to video as the original makes them, and as ComfyUI's nodes do, with the weights of the
 * folders dit-ti2v and vae beside this one.
 */
import { latentTokens } from "../wan-inputs.ts";
import { samplerByName } from "#runtime/sampling/sampler-registry";
import { scheduleSigmas } from "#runtime/sampling/schedules";
import { kSamplerSigmas } from "#runtime/sampling/sigmas";
import { encodeFrames } from "#runtime/vae/encode-frames";
import type { HostTensor, Latent } from "#runtime/sdk/values";
import type { Bench, Check } from "../check.ts";
import type { Cases } from "../cases.ts";
import { relativeError } from "../compare.ts";
import type { Folder } from "../folder.ts";
import { item, readGolden, type GoldenFile } from "../golden-file.ts";
import { withVae } from "../models.ts";
import { nodeContext } from "../node-context.ts";
import {
  batched,
  emptyLike,
  onLinks,
  onModel,
  promptOf,
  runRecorded,
  statedNumber,
  type RunOutcome,
} from "../recorded-run.ts";
import { channelsFirst, decodeFrames } from "../video.ts";
import { picture } from "./clip-vision.ts";

const ORIGINAL = /^(t2v|i2v)_unipc_cfg([\d.]+)_shift([\d.]+)\.safetensors$/;
const COMFY = /^comfyui_i2v_(euler|uni_pc)_simple_shift([\d.]+)\.safetensors$/;
const TRAJECTORY = { name: "relative error, worst state", bound: 1e-3 };
const RUN = { name: "relative error", bound: 1e-3 };

export const wan22Pipeline: Check = {
  name: "pipeline-ti2v",
  computes: true,
  recognises: (folder) =>
    folder.files.some((file) => ORIGINAL.test(file)) &&
    readGolden(folder.beside("dit-ti2v", "weights.safetensors")).names.length > 0,

  async run(folder, bench, cases) {
    for (const file of folder.files) {
      const golden = await cases.prepare(file, () => readGolden(folder.file(file)));
      if (golden === null) continue;
      await cases.prepare(file, async () => {
        if (ORIGINAL.test(file)) await runOriginal({ folder, bench, cases, file, golden });
        else if (COMFY.test(file)) await runComfy({ folder, bench, cases, file, golden });
        else cases.notChecked(file, "its name says no run that is known here");
      });
    }
  },
};

interface Run {
  readonly folder: Folder;
  readonly bench: Bench;
  readonly cases: Cases;
  readonly file: string;
  readonly golden: GoldenFile;
}

async function runOriginal(run: Run): Promise<void> {
  const { folder, bench, cases, file, golden } = run;
  const [, , cfg, shift] = ORIGINAL.exec(file) ?? [];
  const flow = { shift: Number(shift), timestepFactor: 1000 };
  const sigmas = scheduleSigmas("wan", flow, statedNumber(golden, "sampling_steps"));
  const noise = batched(golden.get("noise"));
  const latent = golden.has("image_latent")
    ? withFirstFrame(bench, noise, golden.get("image_latent").values)
    : { samples: emptyLike(noise) };
  if (golden.has("image_latent")) {
    await cases.measure(
      `${file} image latent`,
      { name: "relative error", bound: 1e-4 },
      async () => {
        const encoded = await imageLatent(run);
        return relativeError(onModel(bench, encoded).data, golden.get("image_latent").values);
      },
    );
  }
  const outcome = await runRecorded(bench, {
    sampler: "wan_unipc",
    sigmas,
    shift: flow.shift,
    weights: () => folder.beside("dit-ti2v", "weights.safetensors"),
    cfg: () => Number(cfg),
    positive: promptOf(golden, "context"),
    negative: promptOf(golden, "negative_context"),
    latent,
    noise: noise.data,
  });
  await cases.measure(`${file} trajectory`, TRAJECTORY, () =>
    worstState(golden, outcome, "trajectory"),
  );
  await cases.measure(`${file} final latents`, RUN, () =>
    relativeError(onModel(bench, outcome.samples).data, golden.get("final_latents").values),
  );
  if (!golden.has("frames")) return;
  await cases.measure(`${file} frames`, RUN, async () => {
    const { data, shape } = outcome.samples;
    const path = folder.beside("vae", "weights.safetensors");
    return withVae(bench, path, async (vae) => {
      const decoded = await decodeFrames(vae, bench.device, item({ shape, values: data }, 0));
      return relativeError(channelsFirst(decoded).values, golden.get("frames").values);
    });
  });
}

async function runComfy(run: Run): Promise<void> {
  const { folder, bench, cases, file, golden } = run;
  const [, sampler = "", shift] = COMFY.exec(file) ?? [];
  const flow = { shift: Number(shift), timestepFactor: 1000 };
  const steps = statedNumber(golden, "steps");
  const sigmas = kSamplerSigmas({ schedule: "simple", flow, steps }, samplerByName(sampler));
  await cases.measure(`${file} sigmas`, { name: "relative error", bound: 1e-6 }, () =>
    relativeError(sigmas, golden.get("sigmas").values),
  );
  const samples = batched(golden.get("latent_in"));
  await cases.measure(`${file} image latent`, { name: "relative error", bound: 1e-4 }, async () => {
    const { data, shape } = await imageLatent(run);
    const [, channels = 0, known = 0] = shape;
    const plane = samples.data.length / channels;
    const knownPlane = data.length / channels;
    const wanted = samples.data.filter((_, i) => i % plane < knownPlane);
    return known === 0 ? Infinity : relativeError(data, wanted);
  });
  const mask = batched(golden.get("noise_mask"));
  const outcome = await runRecorded(bench, {
    sampler,
    sigmas,
    shift: flow.shift,
    weights: () => folder.beside("dit-ti2v", "weights.safetensors"),
    cfg: () => 5,
    positive: promptOf(golden, "context"),
    negative: promptOf(golden, "negative_context"),
    latent: { samples, mask },
    noise: golden.get("noise").values,
  });
  await cases.measure(`${file} model inputs`, TRAJECTORY, () =>
    worstState(golden, outcome, "model_inputs"),
  );
  await cases.measure(`${file} timesteps`, { name: "relative error", bound: 1e-6 }, () => {
    const { timesteps, unknown } = outcome;
    const tokens = latentTokens(unknown ?? new Float32Array(), samples.shape.slice(2));
    const each = timesteps.flatMap((timestep) => tokens.map((value) => value * timestep));
    return relativeError(each, golden.get("model_timesteps").values);
  });
  await cases.measure(`${file} result`, RUN, () =>
    relativeError(outcome.samples.data, golden.get("latent_out").values),
  );
}

/** The first latent frame is known. */
function withFirstFrame(bench: Bench, like: HostTensor, frame: Float32Array): Latent {
  const [, channels = 0, ...size] = like.shape;
  const plane = size.reduce((a, b) => a * b, 1);
  const known = frame.length / channels;
  const samples = emptyLike(like);
  for (let c = 0; c < channels; c++) {
    samples.data.set(frame.subarray(c * known, (c + 1) * known), c * plane);
  }
  const mask = new Float32Array(plane).fill(1).fill(0, 0, known);
  return { samples: onLinks(bench, samples), mask: { data: mask, shape: [1, 1, ...size] } };
}

/** The file's image, which has the output's size, through the autoencoder. */
async function imageLatent({ folder, bench, golden }: Run): Promise<HostTensor> {
  const { manager } = bench;
  const path = folder.beside("vae", "weights.safetensors");
  using lease = await manager.vae({ kind: "vae", checkpoint: manager.identify(path, "vae") });
  const { samples } = await encodeFrames(nodeContext(bench), lease, picture(golden.get("image")));
  return samples;
}

function worstState(golden: GoldenFile, { states }: RunOutcome, name: string): number {
  const stored = golden.get(name);
  if (states.length !== stored.shape[0]) return Infinity;
  return Math.max(...states.map((state, i) => relativeError(state, item(stored, i).values)));
}
