/** The nodes that set a plan's memory, in the order in which they run. */
import type { PlanReport } from "#runtime/protocol/service-values";

type Stage = PlanReport["stages"][number];

export interface HeavyStage extends Pick<Stage, "node" | "title" | "peakBytes"> {
  /** For its colour: what samples, what decodes, the rest. */
  readonly kind: "sample" | "decode" | "other";
}

const MOST = 4;
/** A stage below this share of the peak says nothing about it. */
const WORTH_TELLING = 0.02;

/** Only nodes that compute: a loader's figure is what was held before it. */
export function heaviestStages(stages: readonly Stage[]): HeavyStage[] {
  const peak = Math.max(0, ...stages.map(({ peakBytes }) => peakBytes));
  const working = stages.filter(
    ({ flops, peakBytes }) => flops > 0 && peakBytes >= peak * WORTH_TELLING,
  );
  const heaviest = new Set(working.toSorted((a, b) => b.peakBytes - a.peakBytes).slice(0, MOST));
  const most = Math.max(0, ...working.map(({ flops }) => flops));
  return working
    .filter((stage) => heaviest.has(stage))
    .map(({ node, title, peakBytes, flops }) => ({
      node,
      title,
      peakBytes,
      kind: flops === most ? "sample" : /decode/i.test(title) ? "decode" : "other",
    }));
}
