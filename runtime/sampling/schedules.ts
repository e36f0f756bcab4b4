/** Noise schedules under ComfyUI's names, evaluated in float32 where ComfyUI does. Each gives falling levels and a 0. */
import { UmbelError } from "#runtime/errors";
import { betaQuantile } from "./beta-quantile.ts";
import { exp32, f32, linspace32, pow32 } from "./float32.ts";
import { flowTable, shiftTime, type Flow } from "./flow.ts";
import { linearQuadratic } from "./linear-quadratic.ts";

/** In the order in which ComfyUI lists them; the first is the default. */
export const SCHEDULE_NAMES = [
  "simple",
  "sgm_uniform",
  "karras",
  "exponential",
  "ddim_uniform",
  "beta",
  "normal",
  "linear_quadratic",
  "kl_optimal",
  "wan",
] as const;

export type ScheduleName = (typeof SCHEDULE_NAMES)[number];
type Schedule = (flow: Flow, steps: number) => Float32Array | number[];

const SCHEDULES: Readonly<Record<ScheduleName, Schedule>> = {
  simple(flow, steps) {
    const table = flowTable(flow);
    const stride = table.length / steps;
    return [
      ...count(steps).map((i) => table[table.length - 1 - Math.trunc(i * stride)] as number),
      0,
    ];
  },

  /** Shifts twice: the ends are levels of the shifted table, and levels between them are shifted again. */
  normal(flow, steps) {
    const [lowest, highest] = ends(flow);
    const reachesZero = Math.abs(levelOf(flow, lowest * flow.timestepFactor)) <= 1e-5;
    const times = linspace32(
      highest * flow.timestepFactor,
      lowest * flow.timestepFactor,
      reachesZero ? steps + 1 : steps,
    );
    const levels = Array.from(times, (time) => levelOf(flow, time));
    return reachesZero ? levels : [...levels, 0];
  },

  sgm_uniform(flow, steps) {
    const [lowest, highest] = ends(flow);
    const times = linspace32(
      highest * flow.timestepFactor,
      lowest * flow.timestepFactor,
      steps + 1,
    );
    return [...Array.from(times.slice(0, -1), (time) => levelOf(flow, time)), 0];
  },

  /** Quantiles of a beta distribution (arXiv 2407.12173). Equal neighbours are dropped, so it may be shorter. */
  beta(flow, steps) {
    const table = flowTable(flow);
    const places = count(steps).map((i) =>
      roundHalfEven(betaQuantile(1 - i / steps, 0.6, 0.6) * (table.length - 1)),
    );
    const distinct = places.filter((place, i) => i === 0 || place !== places[i - 1]);
    return [...distinct.map((place) => table[place] as number), 0];
  },

  /** Karras et al. 2022, rho 7. */
  karras(flow, steps) {
    const [lowest, highest] = ends(flow);
    const from = highest ** (1 / 7);
    const way = f32(lowest ** (1 / 7) - from);
    return [
      ...[...linspace32(0, 1, steps)].map((ramp) => pow32(f32(from) + f32(ramp * way), 7)),
      0,
    ];
  },

  exponential(flow, steps) {
    const [lowest, highest] = ends(flow);
    return [...[...linspace32(Math.log(highest), Math.log(lowest), steps)].map(exp32), 0];
  },

  /** Counted up from the clean end, so it does not start at pure noise and may have one level more. */
  ddim_uniform(flow, steps) {
    const table = flowTable(flow);
    const stride = Math.max(Math.trunc(table.length / steps), 1);
    const levels = [0];
    for (let place = 1; place < table.length; place += stride) levels.push(table[place] as number);
    return levels.reverse();
  },

  /** Mochi's: the first half of the steps takes away 2.5 % of the noise, evenly; a parabola follows. */
  linear_quadratic(flow, steps) {
    const highest = ends(flow)[1];
    return linearQuadratic(steps).map((level) => f32(level) * highest);
  },

  /** Even steps of atan(sigma) ("Align your steps", section on KL-optimal schedules). */
  kl_optimal(flow, steps) {
    const [lowest, highest] = ends(flow).map((level) => f32(Math.atan(level))) as [number, number];
    const level = (i: number): number => {
      const share = steps === 1 ? 0 : f32(i / (steps - 1));
      return f32(Math.tan(f32(f32(share * lowest) + f32(f32(1 - share) * highest))));
    };
    return [...count(steps).map(level), 0];
  },

  /** Wan's own: even times from 0.999 down, then shifted, in double precision until the end. */
  wan(flow, steps) {
    const first = f32(1 - 1 / 1000);
    return [
      ...count(steps).map((i) => {
        const time = first - (first / steps) * i;
        return (flow.shift * time) / (1 + (flow.shift - 1) * time);
      }),
      0,
    ];
  },
};

/** Noise levels of a run of `steps` steps, falling, with a final 0. Throws ERR_INVALID_ARGUMENT. */
export function scheduleSigmas(name: ScheduleName, flow: Flow, steps: number): Float32Array {
  const schedule = SCHEDULES[name] as Schedule | undefined;
  if (schedule === undefined) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected a schedule out of ${SCHEDULE_NAMES.join(", ")}, got ${String(name)}.`,
    );
  }
  if (!(flow.shift > 0) || !Number.isInteger(steps) || steps < 1) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected a positive shift and at least 1 step, got shift ${flow.shift} and ${steps} steps.`,
    );
  }
  return Float32Array.from(schedule(flow, steps));
}

function count(steps: number): number[] {
  return Array.from({ length: steps }, (_, i) => i);
}

/** Lowest and highest level of the table. */
function ends(flow: Flow): [number, number] {
  const table = flowTable(flow);
  return [table[0] as number, table[table.length - 1] as number];
}

function levelOf(flow: Flow, timestep: number): number {
  return shiftTime(flow.shift, f32(f32(timestep) / flow.timestepFactor));
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
