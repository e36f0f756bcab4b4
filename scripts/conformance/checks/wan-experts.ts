/**
 * Wan 2.2 A14B: which expert works at which step, and runs that two toy experts share, as the original makes them and as
 * two KSamplerAdvanced nodes do.
 */
import { noisySteps } from "#runtime/sampling/expert-sampling";
import { samplerByName } from "#runtime/sampling/sampler-registry";
import { scheduleSigmas } from "#runtime/sampling/schedules";
import { cutSigmas, kSamplerSigmas } from "#runtime/sampling/sigmas";
import type { Bench, Check } from "../check.ts";
import type { Cases } from "../cases.ts";
import { differing, relativeError } from "../compare.ts";
import type { Folder } from "../folder.ts";
import { item, readGolden, type GoldenFile } from "../golden-file.ts";
import {
  batched,
  emptyLike,
  onModel,
  promptOf,
  runRecorded,
  statedNumber,
} from "../recorded-run.ts";

const HIGH = "high_noise_model.safetensors";
const LOW = "low_noise_model.safetensors";
const COMFY = /^comfyui_(euler|uni_pc)_simple_.*\.safetensors$/;
const ORIGINAL = /^t2v_unipc.*\.safetensors$/;
const TRAJECTORY = { name: "relative error, worst state", bound: 1e-3 };

export const wanExperts: Check = {
  name: "moe",
  computes: true,
  recognises: (folder) =>
    folder.has(HIGH) &&
    folder.has(LOW) &&
    folder.files.some((name) => /^comfyui_|^t2v_/.test(name)),

  async run(folder, bench, cases) {
    if (folder.has("facts.json")) await checkFacts(folder, cases);
    const run = { folder, bench, cases };
    for (const file of folder.files) {
      if (!COMFY.test(file) && !ORIGINAL.test(file)) continue;
      const golden = await cases.prepare(file, () => readGolden(folder.file(file)));
      if (golden === null) continue;
      await cases.prepare(file, () =>
        COMFY.test(file) ? runComfy(run, file, golden) : runOriginal(run, file, golden),
      );
    }
  },
};

interface Run {
  readonly folder: Folder;
  readonly bench: Bench;
  readonly cases: Cases;
}

interface Facts {
  readonly boundary?: number;
  readonly schedules?: readonly {
    readonly shift: number;
    readonly steps: number;
    readonly timesteps: readonly number[];
    readonly high_noise_steps: number;
    readonly comfyui_simple_sigmas?: readonly number[];
    readonly comfyui_end_at_step_for_this_boundary?: number;
  }[];
}

async function checkFacts(folder: Folder, cases: Cases): Promise<void> {
  const facts = folder.json("facts.json") as Readonly<Record<string, Facts>>;
  for (const [model, { boundary, schedules }] of Object.entries(facts)) {
    if (boundary === undefined) continue;
    for (const schedule of schedules ?? []) {
      const { shift, steps } = schedule;
      const flow = { shift, timestepFactor: 1000 };
      const name = `${model} shift ${shift}, ${steps} steps`;
      const own = scheduleSigmas("wan", flow, steps);
      await cases.measure(`${name}`, { name: "steps of another expert", bound: 0 }, () =>
        Math.abs(noisySteps(own, boundary, true) - schedule.high_noise_steps),
      );
      const { comfyui_simple_sigmas: sigmas, comfyui_end_at_step_for_this_boundary: end } =
        schedule;
      if (sigmas === undefined || end === undefined) continue;
      const simple = scheduleSigmas("simple", flow, steps);
      await cases.measure(
        `${name}, ComfyUI`,
        { name: "levels and cuts that differ", bound: 0 },
        () =>
          differing(simple, Float32Array.from(sigmas)) +
          Math.abs(noisySteps(simple, boundary, false) - end),
      );
    }
  }
}

async function runOriginal(run: Run, file: string, golden: GoldenFile): Promise<void> {
  const { folder, bench, cases } = run;
  const [shift, steps, boundary] = ["shift", "steps", "boundary"].map((key) =>
    statedNumber(golden, key),
  ) as [number, number, number];
  const [low = 1, high = 1] = JSON.parse(
    golden.metadata["guide_scale_low_high"] ?? "[]",
  ) as number[];
  const sigmas = scheduleSigmas("wan", { shift, timestepFactor: 1000 }, steps);
  const noisy = noisySteps(sigmas, boundary, true);
  await cases.measure(`${file} experts`, { name: "steps of another expert", bound: 0 }, () =>
    differing(
      Array.from({ length: steps }, (_, i) => Number(i < noisy)),
      golden.get("is_high").values,
    ),
  );
  const noise = batched(golden.get("noise"));
  const outcome = await runRecorded(bench, {
    sampler: "wan_unipc",
    sigmas,
    shift,
    weights: (step) => folder.file(step < noisy ? HIGH : LOW),
    cfg: (step) => (step < noisy ? high : low),
    positive: promptOf(golden, "context"),
    negative: promptOf(golden, "negative_context"),
    latent: { samples: emptyLike(noise) },
    noise: noise.data,
  });
  await cases.measure(`${file} timesteps`, { name: "differing steps", bound: 0 }, () =>
    differing(outcome.timesteps, golden.get("timesteps").values),
  );
  await cases.measure(`${file} trajectory`, TRAJECTORY, () => {
    const states = [...outcome.states, onModel(bench, outcome.samples).data];
    const trajectory = golden.get("trajectory");
    if (states.length !== trajectory.shape[0]) return Infinity;
    return Math.max(...states.map((state, i) => relativeError(state, item(trajectory, i).values)));
  });
}

/** The first run leaves its noise in the latent, the second goes on with it. */
async function runComfy(run: Run, file: string, golden: GoldenFile): Promise<void> {
  const { folder, bench, cases } = run;
  const number = (key: string) => statedNumber(golden, key);
  const [steps, cut, shift] = [number("steps"), number("cut"), number("shift")];
  const solver = COMFY.exec(file)?.[1] ?? "";
  const flow = { shift, timestepFactor: 1000 };
  const all = kSamplerSigmas({ schedule: "simple", flow, steps }, samplerByName(solver));
  await cases.measure(`${file} sigmas`, { name: "relative error", bound: 1e-6 }, () =>
    relativeError(all, golden.get("sigmas").values),
  );
  const prompts = {
    positive: promptOf(golden, "context"),
    negative: promptOf(golden, "negative_context"),
  };
  const noise = batched(golden.get("noise"));
  const first = await runRecorded(bench, {
    ...prompts,
    sampler: solver,
    sigmas: cutSigmas(all, { end: cut, leftoverNoise: true }) ?? all,
    shift,
    weights: () => folder.file(HIGH),
    cfg: () => number("cfg_high"),
    latent: { samples: emptyLike(noise) },
    noise: noise.data,
  });
  const metric = { name: "relative error", bound: 1e-3 };
  await cases.measure(`${file} handover`, metric, () =>
    relativeError(first.samples.data, golden.get("handover_latent").values),
  );
  const second = await runRecorded(bench, {
    ...prompts,
    sampler: solver,
    sigmas: cutSigmas(all, { start: cut }) ?? all,
    shift,
    weights: () => folder.file(LOW),
    cfg: () => number("cfg_low"),
    latent: { samples: first.samples },
    noise: null,
  });
  await cases.measure(`${file} model inputs`, TRAJECTORY, () => {
    const states = [...first.states, ...second.states];
    const inputs = golden.get("model_inputs");
    if (states.length !== inputs.shape[0]) return Infinity;
    return Math.max(...states.map((state, i) => relativeError(state, item(inputs, i).values)));
  });
  await cases.measure(`${file} timesteps`, { name: "relative error", bound: 1e-6 }, () =>
    relativeError([...first.timesteps, ...second.timesteps], golden.get("model_timesteps").values),
  );
  await cases.measure(`${file} result`, metric, () =>
    relativeError(second.samples.data, golden.get("latent_out").values),
  );
}
