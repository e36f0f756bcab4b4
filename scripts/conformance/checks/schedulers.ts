/**
 * Trajectories of flow solvers on an analytic model: unipc_ (Wan's solver and its schedule), euler_ and flow_ (Euler),
 * named ..._shift<S>_steps<N>. At every step the model answers for the recorded state, so that each state of the solver
 * is compared with the recorded one.
 */
import { shiftTime } from "#runtime/sampling/flow";
import { scheduleSigmas } from "#runtime/sampling/schedules";
import { samplerByName } from "#runtime/sampling/sampler-registry";
import type { Device } from "#runtime/tensor/device";
import type { Check } from "../check.ts";
import { differing, relativeError } from "../compare.ts";
import { item, readGolden, type GoldenFile, type GoldenTensor } from "../golden-file.ts";
import { checkMochiTables, checkMochiTrajectory, isMochiSchedule } from "../mochi-schedule.ts";
import { runSolver } from "../sampler-run.ts";

const NAME = /^(unipc|euler|flow)_shift([\d.]+)_steps(\d+)\.safetensors$/;
const f = Math.fround;

/** The flow that the files state: 0.7 x cos(3 sigma) + sin(2 x + sigma), in float32. */
function velocity(x: number, sigma: number): number {
  const first = f(f(0.7 * x) * f(Math.cos(f(3 * sigma))));
  return f(first + f(Math.sin(f(f(2 * x) + sigma))));
}

export const schedulers: Check = {
  name: "schedulers",
  computes: true,
  recognises: (folder) => folder.files.some((file) => NAME.test(file) || isMochiSchedule(file)),

  async run(folder, { device }, cases) {
    await checkMochiTables(folder, cases);
    for (const file of folder.files.filter((name) => name.endsWith(".safetensors"))) {
      if (isMochiSchedule(file)) {
        await checkMochiTrajectory(folder, file, device, cases);
        continue;
      }
      const [, solver, shift, steps] = NAME.exec(file) ?? [];
      if (solver === undefined) {
        cases.notChecked(file, "its name gives no solver that is known here");
        continue;
      }
      const golden = await cases.prepare(file, () => readGolden(folder.file(file)));
      if (golden === null) continue;
      if (solver === "unipc") {
        const flow = { shift: Number(shift), timestepFactor: 1000 };
        const sigmas = () => scheduleSigmas("wan", flow, Number(steps));
        await cases.measure(`${file} sigmas`, { name: "relative error", bound: 1e-5 }, () =>
          relativeError(sigmas(), golden.get("sigmas").values),
        );
        await cases.measure(`${file} timesteps`, { name: "differing steps", bound: 0 }, () => {
          const timesteps = Array.from(sigmas().slice(0, -1), (sigma) => Math.trunc(sigma * 1000));
          return differing(timesteps, golden.get("timesteps").values);
        });
      }
      if (solver === "flow") {
        // The times of FlowMatchDiscreteScheduler fall evenly before they are shifted.
        const times = (count: number) =>
          Float32Array.from({ length: count + 1 }, (_, i) => 1 - i / count);
        const sigmas = times(Number(steps)).map((time) => shiftTime(Number(shift), time));
        await cases.measure(`${file} sigmas`, { name: "relative error", bound: 1e-5 }, () =>
          relativeError(sigmas, golden.get("sigmas").values),
        );
      }
      const metric = { name: "relative error, worst state", bound: 1e-5 };
      await cases.measure(`${file} trajectory`, metric, () =>
        worstState(device, solver === "unipc" ? "wan_unipc" : "euler", golden, Number(shift)),
      );
    }
  },
};

async function worstState(
  device: Device,
  solver: string,
  golden: GoldenFile,
  shift: number,
): Promise<number> {
  const trajectory = golden.get("trajectory");
  const count = trajectory.shape[0] ?? 0;
  const states: GoldenTensor[] = Array.from({ length: count }, (_, i) => item(trajectory, i));
  const seen: Promise<Float32Array>[] = [];
  const [start] = states;
  if (start === undefined) return Infinity;
  const end = await runSolver(samplerByName(solver), {
    device,
    sigmas: golden.get("sigmas").values,
    shift,
    start,
    denoise(x, sigma) {
      const state = states[seen.length]?.values ?? new Float32Array(x.numel);
      seen.push(x.read());
      const level = f(sigma);
      return device.tensor(
        state.map((value) => value - f(level * velocity(value, level))),
        x.shape,
      );
    },
  });
  const reached = [...(await Promise.all(seen)), end];
  if (reached.length !== count) return Infinity;
  return Math.max(...reached.map((state, i) => relativeError(state, states[i]?.values ?? [])));
}
