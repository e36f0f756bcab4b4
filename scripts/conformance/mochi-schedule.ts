/**
 * Trajectories of Mochi's loop on an analytic model, named euler_[cfg_]steps<N>[_th<T>_lin<L>], and tables of its noise
 * levels. At every step the model answers for the recorded state.
 */
import { linearQuadratic } from "#runtime/sampling/linear-quadratic";
import { samplerByName } from "#runtime/sampling/sampler-registry";
import type { Device } from "#runtime/tensor/device";
import type { Cases } from "./cases.ts";
import { largestDifference, relativeError } from "./compare.ts";
import type { Folder } from "./folder.ts";
import { item, readGolden, type GoldenFile } from "./golden-file.ts";
import { runSolver } from "./sampler-run.ts";

const NAME = /^euler(_cfg)?_steps(\d+)(?:_th([\d.]+)_lin(\d+))?\.safetensors$/;
const TABLE = "linear_quadratic.json";

export function isMochiSchedule(file: string): boolean {
  return NAME.test(file);
}

interface Table {
  readonly schedules: readonly {
    readonly num_steps: number;
    readonly threshold_noise: number;
    readonly linear_steps: number | null;
    readonly sigmas: readonly number[];
  }[];
}

export async function checkMochiTables(folder: Folder, cases: Cases): Promise<void> {
  if (!folder.has(TABLE)) return;
  const { schedules } = folder.json(TABLE) as Table;
  for (const { num_steps, threshold_noise, linear_steps, sigmas } of schedules) {
    const name = `${TABLE} ${num_steps} steps, ${threshold_noise}, ${linear_steps}`;
    await cases.measure(name, { name: "largest difference", bound: 1e-12 }, () =>
      largestDifference(
        linearQuadratic(num_steps, threshold_noise, linear_steps ?? undefined),
        sigmas,
      ),
    );
  }
}

export async function checkMochiTrajectory(
  folder: Folder,
  file: string,
  device: Device,
  cases: Cases,
): Promise<void> {
  const [, guided, steps, threshold, linear] = NAME.exec(file) ?? [];
  const golden = await cases.prepare(file, () => readGolden(folder.file(file)));
  if (golden === null) return;
  await cases.measure(`${file} sigmas`, { name: "relative error", bound: 1e-6 }, () => {
    const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
    const sigmas = linearQuadratic(Number(steps), number(threshold), number(linear));
    return relativeError(sigmas, golden.get("sigmas").values);
  });
  const metric = { name: "relative error, worst state", bound: 1e-5 };
  await cases.measure(`${file} trajectory`, metric, () =>
    worstState(device, golden, guided !== undefined),
  );
}

/** The estimates that the files state: of the clip less the noise. */
function estimate(x: number, sigma: number, cfg: number | null): number {
  const conditional = 0.7 * x * Math.cos(3 * sigma) + Math.sin(2 * x + sigma);
  if (cfg === null) return conditional;
  const unconditional = 0.3 * x * Math.sin(sigma) + Math.cos(x - sigma);
  return unconditional + cfg * (conditional - unconditional);
}

async function worstState(device: Device, golden: GoldenFile, guided: boolean): Promise<number> {
  const trajectory = golden.get("trajectory");
  const states = Array.from({ length: trajectory.shape[0] ?? 0 }, (_, i) => item(trajectory, i));
  const [start] = states;
  if (start === undefined) return Infinity;
  const seen: Promise<Float32Array>[] = [];
  const end = await runSolver(samplerByName("euler"), {
    device,
    sigmas: golden.get("sigmas").values,
    shift: 1,
    start,
    denoise(x, sigma) {
      const step = seen.length;
      const cfg = guided ? (golden.get("cfg").values[step] ?? NaN) : null;
      const state = states[step]?.values ?? new Float32Array(x.numel);
      seen.push(x.read());
      return device.tensor(
        state.map((value) => value + sigma * estimate(value, sigma, cfg)),
        x.shape,
      );
    },
  });
  const reached = [...(await Promise.all(seen)), end];
  if (reached.length !== states.length) return Infinity;
  return Math.max(...reached.map((state, i) => relativeError(state, states[i]?.values ?? [])));
}
