/** Whole sampling runs against recorded ones: what the model is given in each step, and where the run ends. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { UmbelError } from "#runtime/errors";
import { toLinkScale, toModelScale } from "#runtime/sampling/latent-scale";
import type { SampleRequest } from "#runtime/sampling/request";
import { sampleLatent } from "#runtime/sampling/run";
import { samplerByName } from "#runtime/sampling/sampler-registry";
import { modelRecipe } from "#runtime/sdk/recipes";
import type { DiffusionInput } from "#runtime/sdk/model";
import type { Conditioning, HostTensor, Latent } from "#runtime/sdk/values";
import type { Bench } from "./check.ts";
import { item, type GoldenFile, type GoldenTensor } from "./golden-file.ts";
import { unpadded } from "./wan-inputs.ts";

export interface RecordedRun {
  readonly sampler: string;
  readonly sigmas: Float32Array;
  readonly shift: number;
  /** Checkpoints, the one of each step. */
  readonly weights: (step: number) => string;
  readonly cfg: (step: number) => number;
  readonly positive: Conditioning;
  readonly negative: Conditioning;
  /** On the links' scale. */
  readonly latent: Latent;
  /** Pure noise of the first state; null for a run that goes on with the latent. */
  readonly noise: Float32Array | null;
}

export interface RunOutcome {
  /** What the model saw at each evaluation, on its own scale: [C, T, h, w]. */
  readonly states: readonly Float32Array[];
  readonly timesteps: readonly number[];
  /** Where the latent is to be made, as the model was told; null when it was not. */
  readonly unknown: Float32Array | null;
  /** On the links' scale. */
  readonly samples: HostTensor;
}

export async function runRecorded(bench: Bench, run: RecordedRun): Promise<RunOutcome> {
  const { manager, device } = bench;
  const states: Promise<Float32Array>[] = [];
  const timesteps: number[] = [];
  let unknown: Float32Array | null = null;
  let evaluations = 0;
  const lease = (step: number) =>
    manager.diffusion(modelRecipe(manager.identify(run.weights(step), "diffusion")));
  let working = await lease(0);
  const [first] = run.sigmas;
  const request: SampleRequest = {
    device,
    model: {
      forward(input: DiffusionInput) {
        // The prompt and the negative prompt are asked one after the other.
        if (evaluations++ % 2 === 0) {
          states.push(input.latent.read());
          timesteps.push(input.timestep);
          unknown = input.unknown ?? null;
        }
        return working.instance.forward(input);
      },
    },
    family: working.family,
    shift: run.shift,
    sampler: samplerByName(run.sampler),
    sigmas: run.sigmas,
    latent: run.latent,
    noise: { kind: "none" },
    // The originals begin with noise alone, even where the first level is a little below 1.
    ...(run.noise === null ? {} : { startNoise: run.noise.map((value) => value / (first ?? 1)) }),
    positive: run.positive,
    negative: run.negative,
    cfg: run.cfg(0),
    stepCfg: run.cfg,
    beforeStep: async (step) => {
      if (step > 0 && run.weights(step) !== run.weights(step - 1)) {
        working[Symbol.dispose]();
        working = await lease(step);
      }
    },
  };
  try {
    const { samples } = await sampleLatent(request);
    return { states: await Promise.all(states), timesteps, unknown, samples: samples.samples };
  } finally {
    working[Symbol.dispose]();
  }
}

/** Rows of a stored prompt, with further inputs. */
export function promptOf(
  golden: GoldenFile,
  name: string,
  extra: Readonly<Record<string, HostTensor>> = {},
): Conditioning {
  const { shape, values } = unpadded(item(golden.get(name), 0));
  return [{ context: { data: values, shape }, extra }];
}

/** A stored latent with a batch axis. */
export function batched({ shape, values }: GoldenTensor): HostTensor {
  return { data: values, shape: shape.length === 4 ? [1, ...shape] : shape };
}

export function onLinks(bench: Bench, latent: HostTensor): HostTensor {
  return toLinkScale(latent, formatOf(bench, latent));
}

export function onModel(bench: Bench, latent: HostTensor): HostTensor {
  return toModelScale(latent, formatOf(bench, latent));
}

function formatOf({ families }: Bench, { shape }: HostTensor) {
  for (const family of families) {
    if (family.kind !== "diffusion" || !family.family.startsWith("wan")) continue;
    if (family.latent.channels === shape[1]) return family.latent;
  }
  throw new UmbelError("ERR_SHAPE", `Expected a latent of Wan, got [${shape.join(", ")}].`);
}

export function emptyLike({ shape }: HostTensor): HostTensor {
  return { data: new Float32Array(shape.reduce((a, b) => a * b, 1)), shape };
}

/** A number of a file's metadata, or of the JSON in its "config". Throws ERR_CHECKPOINT. */
export function statedNumber({ metadata }: GoldenFile, key: string): number {
  const config = JSON.parse(metadata["config"] ?? "{}") as Record<string, unknown>;
  const value = Number(metadata[key] ?? config[key]);
  if (Number.isFinite(value)) return value;
  throw new UmbelError("ERR_CHECKPOINT", `Expected a number ${key} in the metadata, got none.`);
}

/** A file by its path below one of the folders above another. Throws ERR_FILE. */
export function fileAbove(path: string, name: string): string {
  for (let folder = path; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, name))) return join(folder, name);
  }
  throw new UmbelError("ERR_FILE", `Expected ${name} above ${path}, got none.`);
}
