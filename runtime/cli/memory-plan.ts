/** What a job is going to take of a GPU's memory, in lines for people. */
import type { JobEvent } from "#runtime/protocol/events";
import { formatBytes } from "./format-quantity.ts";

/** Stages below this share of the peak are left out. */
const LEAST_SHARE = 0.05;

export function memoryPlan({
  stages,
  peakBytes,
  budgetBytes,
}: Pick<JobEvent & { type: "job_planned" }, "stages" | "peakBytes" | "budgetBytes">): string[] {
  const large = stages
    .filter((stage) => stage.peakBytes >= LEAST_SHARE * peakBytes)
    .map((stage) => `${stage.title} ${formatBytes(stage.peakBytes)}`);
  const notes = new Set(stages.flatMap((stage) => stage.notes ?? []));
  const head = `memory planned: ${formatBytes(peakBytes)} of ${formatBytes(budgetBytes)}`;
  return [`${head} (${large.join(", ")})`, ...notes];
}
