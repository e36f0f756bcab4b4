/**
 * Expected times of a plan, from what earlier runs took on this device. Equal work is expected to take its median time;
 * other work of a node type that many operations at the rate of the nearest runs. What nothing is known of stays null.
 */
import type { NodeReport } from "#runtime/protocol/events";
import type { PlanReport } from "#runtime/protocol/service-values";
import type { Database } from "./database.ts";

const MOST_RUNS = 50;
/** Runs with more or fewer operations than this many times say nothing. */
const FARTHEST = 16;
const NEAREST = 5;

export class PlanTimes {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @param stages what each stage of the report does @param device as the history names it */
  fill(report: PlanReport, stages: readonly NodeReport[], device: string): PlanReport {
    const seconds = new Map(stages.map((stage) => [stage.node, this.#expect(stage, device)]));
    const timed = report.stages.map((stage) => ({
      ...stage,
      seconds: seconds.get(stage.node) ?? null,
    }));
    const known = timed.every((stage) => stage.seconds !== null);
    const [main] = stages
      .filter(({ steps }) => steps !== undefined)
      .toSorted((a, b) => (b.flops ?? 0) - (a.flops ?? 0));
    const mainSeconds = main === undefined ? null : (seconds.get(main.node) ?? null);
    return {
      ...report,
      stages: timed,
      seconds: known ? timed.reduce((sum, stage) => sum + (stage.seconds ?? 0), 0) : null,
      secondsPerStep: mainSeconds === null ? null : mainSeconds / (main?.steps ?? 1),
    };
  }

  #expect({ nodeType, work, flops = 0 }: NodeReport, device: string): number | null {
    const same = this.#database.all(
      "SELECT seconds FROM node_runs WHERE work = ? AND device = ? LIMIT ?",
      work ?? "",
      device,
      MOST_RUNS,
    );
    if (same.length > 0) return median(same.map((row) => Number(row["seconds"])));
    const alike = this.#database
      .all(
        "SELECT seconds, flops FROM node_runs WHERE type = ? AND device = ? AND cached = 0 AND flops BETWEEN ? AND ? ORDER BY abs(flops - ?) LIMIT ?",
        nodeType,
        device,
        flops / FARTHEST,
        flops * FARTHEST,
        flops,
        NEAREST,
      )
      .map((row) => ({ seconds: Number(row["seconds"]), flops: Number(row["flops"]) }));
    if (alike.length === 0) return null;
    // Without operations (files, links) the time itself is what runs have in common.
    return flops === 0
      ? median(alike.map((run) => run.seconds))
      : median(alike.map((run) => run.seconds / run.flops)) * flops;
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
