/**
 * Image to video: from pictures to the mask and latent beside the noise, what CLIP sees, and the solver's trajectory, as the
 * original makes them (Wan 2.1, first and last frame, Wan 2.2 A14B), and ComfyUI's mask and latent.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { squashedClipPixels } from "#runtime/media/clip-pixels";
import { resizeCropped, resizeFrames } from "#runtime/media/resize";
import { noisySteps } from "#runtime/sampling/expert-sampling";
import { scheduleSigmas } from "#runtime/sampling/schedules";
import type { Frames, HostTensor } from "#runtime/sdk/values";
import { encodeKnownFrames, type ClipCondition } from "#runtime/vae/known-frames";
import type { Bench, Check } from "../check.ts";
import type { Cases } from "../cases.ts";
import { differing, relativeError } from "../compare.ts";
import type { Folder } from "../folder.ts";
import { item, readGolden, type GoldenFile } from "../golden-file.ts";
import { joinCheckpoints } from "../models.ts";
import { nodeContext } from "../node-context.ts";
import {
  batched,
  emptyLike,
  fileAbove,
  onModel,
  promptOf,
  runRecorded,
  statedNumber,
} from "../recorded-run.ts";
import { picture, seen } from "./clip-vision.ts";

const HIGH = "high_noise_model.safetensors";
const LOW = "low_noise_model.safetensors";
const VAE = "wan/wan-vae/weights.safetensors";
const CLIP_SIZE = 224;
const CLOSE = { name: "relative error", bound: 1e-4 };
const TRAJECTORY = { name: "relative error, worst state", bound: 1e-3 };
/** Files with what an original's whole run gave, and ComfyUI's condition alone. */
const RUNS = ["y", "trajectory", "timesteps"];
const COMFY = ["y", "concat_latent_image", "image"];

export const wanImageToVideo: Check = {
  name: "assembly",
  computes: true,
  recognises: (folder) =>
    folder.files.some((file) => {
      if (!file.endsWith(".safetensors")) return false;
      const golden = readGolden(folder.file(file));
      return [RUNS, COMFY].some((names) => names.every((name) => golden.has(name)));
    }),

  async run(folder, bench, cases) {
    for (const file of folder.files.filter((name) => name.endsWith(".safetensors"))) {
      if (file === HIGH || file === LOW) continue;
      const golden = await cases.prepare(file, () => readGolden(folder.file(file)));
      if (golden === null) continue;
      const run = { folder, bench, cases, file, golden };
      await cases.prepare(file, () =>
        golden.has("concat_latent_image") ? checkComfy(run) : checkOriginal(run),
      );
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

async function checkOriginal(run: Run): Promise<void> {
  const { bench, cases, file, golden } = run;
  const images = ["image", "first_image", "last_image"].filter((name) => golden.has(name));
  const [start, end] = images.map((name) => picture(golden.get(name)));
  const condition = await conditionOf(run, "y", (frames, width, height) =>
    resizeFrames(frames, width, height, "bicubic"),
  )(start, end);
  const noise = batched(golden.get("noise"));
  const shift = statedNumber(golden, "shift");
  const steps = statedNumber(golden, "sampling_steps");
  const sigmas = scheduleSigmas("wan", { shift, timestepFactor: 1000 }, steps);
  const extra: Record<string, HostTensor> = {
    concat_latent_image: condition.latent,
    concat_mask: condition.mask,
  };
  if (golden.has("clip_fea")) {
    const weights = run.folder.beside("clip-vision", "weights.safetensors");
    const rows = await Promise.all(
      [start, end]
        .filter((frames) => frames !== undefined)
        .map(async (frames) => {
          const values = squashedClipPixels(frames, CLIP_SIZE);
          const [features] = await seen(bench, weights, {
            values,
            shape: [3, CLIP_SIZE, CLIP_SIZE],
          });
          return features;
        }),
    );
    const data = Float32Array.from(rows.flatMap((part) => [...part]));
    const width = golden.get("clip_fea").shape.at(-1) ?? 1;
    extra["clip_vision"] = { data, shape: [data.length / width, width] };
    await cases.measure(`${file} clip_fea`, CLOSE, () =>
      relativeError(data, golden.get("clip_fea").values),
    );
  }
  await sampled(run, { sigmas, shift, noise, extra });
}

interface Sampling {
  readonly sigmas: Float32Array;
  readonly shift: number;
  readonly noise: HostTensor;
  readonly extra: Readonly<Record<string, HostTensor>>;
}

async function sampled(run: Run, { sigmas, shift, noise, extra }: Sampling): Promise<void> {
  const { folder, bench, cases, file, golden } = run;
  const isPair = folder.has(HIGH) && folder.has(LOW);
  const noisy = isPair ? noisySteps(sigmas, statedNumber(golden, "boundary"), true) : Infinity;
  const { guide_scale } = JSON.parse(golden.metadata["config"] ?? "{}") as {
    guide_scale?: number | readonly number[];
  };
  // Pairs are (low, high).
  const guide = typeof guide_scale === "number" ? [guide_scale, guide_scale] : guide_scale;
  const scratch = mkdtempSync(join(tmpdir(), "umbel-conformance-"));
  try {
    const single = isPair
      ? ""
      : singleWeights(folder, golden, join(scratch, "weights.safetensors"));
    if (golden.has("is_high")) {
      await cases.measure(`${file} experts`, { name: "steps of another expert", bound: 0 }, () =>
        differing(
          Array.from(sigmas.slice(0, -1), (_, i) => Number(i < noisy)),
          golden.get("is_high").values,
        ),
      );
    }
    const outcome = await runRecorded(bench, {
      sampler: "wan_unipc",
      sigmas,
      shift,
      weights: (step) => (isPair ? folder.file(step < noisy ? HIGH : LOW) : single),
      cfg: (step) => guide?.[step < noisy ? 1 : 0] ?? 5,
      positive: promptOf(golden, "context", extra),
      negative: promptOf(golden, "negative_context", extra),
      latent: { samples: emptyLike(noise) },
      noise: noise.data,
    });
    await cases.measure(`${file} timesteps`, { name: "differing steps", bound: 0 }, () =>
      differing(outcome.timesteps, golden.get("timesteps").values),
    );
    await cases.measure(`${file} trajectory`, TRAJECTORY, () => {
      const stored = golden.get("trajectory");
      const states = outcome.states;
      if (states.length !== stored.shape[0]) return Infinity;
      return Math.max(
        ...states.map((state, i) =>
          // The model sees the noisy latent only; what is beside it was compared before.
          relativeError(state, item(stored, i).values),
        ),
      );
    });
    await cases.measure(`${file} final latents`, { ...CLOSE, bound: 1e-3 }, () =>
      relativeError(onModel(bench, outcome.samples).data, golden.get("final_latents").values),
    );
  } finally {
    bench.manager.release();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The transformer of the folder dit beside this one; first and last frame have one more tensor. */
function singleWeights(folder: Folder, golden: GoldenFile, joined: string): string {
  const plain = folder.beside("dit", "weights.safetensors");
  if (!golden.has("last_image")) return plain;
  joinCheckpoints([plain, folder.beside("dit", "flf2v_extra_weights.safetensors")], joined);
  return joined;
}

/** Measures y, the mask and the latent on the model's scale, and gives both as a graph carries them. */
function conditionOf(
  { folder, bench, cases, file, golden }: Run,
  name: string,
  resize: (frames: Frames, width: number, height: number) => Frames,
) {
  return async (start?: Frames, end?: Frames): Promise<ClipCondition> => {
    const [channels = 0, frames = 0, h = 0, w = 0] = golden.get(name).shape;
    const [width, height, length] = [8 * w, 8 * h, 4 * (frames - 1) + 1];
    const { manager } = bench;
    const checkpoint = manager.identify(fileAbove(folder.path, VAE), "vae");
    using lease = await manager.vae({ kind: "vae", checkpoint });
    const condition = await encodeKnownFrames(nodeContext(bench), lease, {
      width,
      height,
      length,
      ...(start === undefined ? {} : { start: resize(start, width, height) }),
      ...(end === undefined ? {} : { end: resize(end, width, height) }),
    });
    await cases.measure(`${file} ${name} mask`, { name: "differing elements", bound: 0 }, () =>
      differing(condition.mask.data, golden.get(name).values.subarray(0, 4 * frames * h * w)),
    );
    await cases.measure(`${file} ${name}`, CLOSE, () => {
      const { data } = onModel(
        bench,
        batched({ values: condition.latent.data, shape: condition.latent.shape }),
      );
      const latent = golden.get(name).values.subarray(4 * frames * h * w);
      return channels === 20 ? relativeError(data, latent) : Infinity;
    });
    return condition;
  };
}

async function checkComfy(run: Run): Promise<void> {
  const { cases, file, golden } = run;
  const centre = (frames: Frames, width: number, height: number) =>
    resizeCropped(frames, width, height, "bilinear");
  const condition = await conditionOf(run, "y", centre)(picture(golden.get("image")));
  await cases.measure(`${file} concat_latent_image`, CLOSE, () =>
    relativeError(condition.latent.data, golden.get("concat_latent_image").values),
  );
  if (!golden.has("image_exact_size")) return;
  await conditionOf(run, "y_exact_size", centre)(picture(golden.get("image_exact_size")));
}
