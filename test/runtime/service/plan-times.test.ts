import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { NodeReport } from "#runtime/protocol/events";
import type { PlanReport } from "#runtime/protocol/service-values";
import { openDatabase, type Database } from "#runtime/service/database";
import { JobHistory } from "#runtime/service/job-history";
import { JobQueue } from "#runtime/service/job-queue";
import { PlanTimes } from "#runtime/service/plan-times";
import { workDocument } from "../../helpers/fake-service.ts";
import { scratchFolder } from "../../helpers/umbel-process.ts";

let database: Database;
beforeEach(() => {
  ({ database } = openDatabase(join(scratchFolder(), "umbel.db")));
  return () => database[Symbol.dispose]();
});

const stage = (node: string, more: Partial<NodeReport> = {}): NodeReport => ({
  node,
  nodeType: node.toUpperCase(),
  title: node,
  work: `${node}-1`,
  seconds: 0,
  peakBytes: 0,
  cached: false,
  ...more,
});

let jobs = 0;
function ran(nodes: readonly NodeReport[], device = "gpu"): void {
  const job = `job${++jobs}`;
  const queue = new JobQueue(database);
  const entry = { job, title: "", document: workDocument(), priority: 0, batch: null, cell: null };
  queue.add([entry], false);
  queue.take();
  new JobHistory(database).end(job, { state: "done", results: [], nodes, device });
}

function fill(stages: readonly NodeReport[], device = "gpu"): PlanReport {
  const report: PlanReport = {
    stages: stages.map(({ node, title, flops = 0 }) => ({
      node,
      title,
      peakBytes: 0,
      flops,
      seconds: null,
    })),
    peakBytes: 0,
    flops: 0,
    denseFlops: 0,
    attentionFlops: 0,
    denseAttentionFlops: 0,
    secondsPerStep: null,
    seconds: null,
    assumed: [],
  };
  return new PlanTimes(database).fill(report, stages, device);
}
const secondsOf = (report: PlanReport) => report.stages.map(({ seconds }) => seconds);

describe("expected times", () => {
  it("are the medians of equal work on this device", () => {
    const sampler = stage("sampler", { flops: 100, steps: 10 });
    for (const seconds of [20, 90, 30])
      ran([{ ...sampler, seconds }, stage("save", { seconds: 1 })]);
    ran([{ ...sampler, seconds: 1 }], "another");
    const report = fill([sampler, stage("save")]);
    expect(secondsOf(report)).toEqual([30, 1]);
    expect(report).toMatchObject({ seconds: 31, secondsPerStep: 3 });
  });

  it("follow the operations where the work is another, near what was run", () => {
    const sampler = stage("sampler", { flops: 100, seconds: 20, steps: 10 });
    ran([sampler]);
    const twice = { ...sampler, work: "other", flops: 200, steps: 20 };
    expect(fill([twice])).toMatchObject({ seconds: 40, secondsPerStep: 2 });
    expect(secondsOf(fill([{ ...twice, flops: 100_000 }]))).toEqual([null]);
    expect(secondsOf(fill([stage("save", { work: "other" })]))).toEqual([null]);
    ran([stage("save", { seconds: 2 })]);
    expect(secondsOf(fill([stage("save", { work: "other" })]))).toEqual([2]);
  });

  it("stay unknown without a run, and where results came from the cache", () => {
    expect(fill([stage("sampler", { steps: 3 })])).toMatchObject({
      seconds: null,
      secondsPerStep: null,
    });
    ran([stage("sampler", { cached: true })]);
    ran([stage("decode", { seconds: 1 })], "another");
    expect(secondsOf(fill([stage("sampler"), stage("decode")]))).toEqual([null, null]);
  });
});
