/** Solvers and noise levels by the names that ComfyUI-WanVideoWrapper has for them. */
import { betaQuantile } from "./beta-quantile.ts";
import { shiftTime } from "./flow.ts";
import { scheduleSigmas } from "./schedules.ts";

const TRAINED = 1000;

/** Falling levels without the final 0. */
type Levels = (shift: number, steps: number) => readonly number[];

interface WanVideoScheduler {
  /** Of ours. */
  readonly sampler: string;
  readonly levels: Levels;
  /** The one number of steps that its levels are for. */
  readonly steps?: number;
  /** A solver of ours that is of the same kind but not the same. */
  readonly isNear?: boolean;
}

/** Even times from the shifted 0.999 down, shifted once more: the solvers' tables are shifted already. */
const even: Levels = (shift, steps) => {
  const first = shiftTime(shift, 1 - 1 / TRAINED);
  return count(steps).map((i) => shiftTime(shift, first - (first / steps) * i));
};

/** Even times between the ends of the shifted table, shifted once more. */
const table: Levels = (shift, steps) =>
  Array.from(scheduleSigmas("normal", { shift, timestepFactor: TRAINED }, steps).slice(0, -1));

/** Wan's own: even times, shifted once. */
const once: Levels = (shift, steps) =>
  Array.from(scheduleSigmas("wan", { shift, timestepFactor: TRAINED }, steps).slice(0, -1));

/** Quantiles of a beta distribution between the ends of other levels. */
function beta(levels: Levels): Levels {
  return (shift, steps) => {
    const own = levels(shift, steps);
    const [highest = 1, lowest = 0] = [own[0], own.at(-1)];
    return count(steps).map((i) => {
      const share = steps === 1 ? 1 : 1 - i / (steps - 1);
      return lowest + betaQuantile(share, 0.6, 0.6) * (highest - lowest);
    });
  };
}

/** Times that distilled models were trained on. */
const causvid: Levels = (_shift, steps) =>
  [999, 934, 862, 756, 603, 410, 250, 140, 74].slice(0, steps).map((time) => time / TRAINED);
const distilled: Levels = (shift) =>
  [1, 250, 500, 750].map((place) => shiftTime(shift, 1 - place / TRAINED));

const flowMatch: Levels = (shift, steps) => {
  const least = 0.003 / 1.002;
  const way = steps === 1 ? 0 : (1 - least) / (steps - 1);
  return count(steps).map((i) => shiftTime(shift, 1 - way * i));
};

export const WAN_VIDEO_SCHEDULERS: ReadonlyMap<string, WanVideoScheduler> = new Map([
  ["unipc", { sampler: "wan_unipc", levels: even }],
  ["unipc/beta", { sampler: "wan_unipc", levels: beta(even) }],
  ["dpm++", { sampler: "wan_dpmpp", levels: even }],
  ["dpm++/beta", { sampler: "wan_dpmpp", levels: beta(even) }],
  ["dpm++_sde", { sampler: "wan_dpmpp_sde", levels: even }],
  ["dpm++_sde/beta", { sampler: "wan_dpmpp_sde", levels: beta(even) }],
  ["euler", { sampler: "euler", levels: table }],
  ["euler/beta", { sampler: "euler", levels: beta(table) }],
  ["deis", { sampler: "deis", levels: once, isNear: true }],
  ["lcm", { sampler: "lcm", levels: table }],
  ["lcm/beta", { sampler: "lcm", levels: beta(table) }],
  ["res_multistep", { sampler: "res_multistep", levels: flowMatch, isNear: true }],
  ["flowmatch_causvid", { sampler: "euler", levels: causvid }],
  ["flowmatch_distill", { sampler: "euler", levels: distilled, steps: 4 }],
]);

function count(steps: number): number[] {
  return Array.from({ length: steps }, (_, i) => i);
}
