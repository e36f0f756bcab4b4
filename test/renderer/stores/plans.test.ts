import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { UmbelError } from "#runtime/errors";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import type { RuntimeClient } from "#runtime/protocol/client";
import type { ServiceEvent } from "#runtime/protocol/service-events";
import type { PlanReport } from "#runtime/protocol/service-values";
import { createDocuments } from "../../../renderer/stores/documents.ts";
import { createPlans } from "../../../renderer/stores/plans.ts";

const graph = (steps: number): GraphDocument =>
  parseDocument({
    umbel: 1,
    nodes: { sampler: { type: "KSampler", values: { steps } } },
    links: [],
  });

const reportOf = (document: GraphDocument): PlanReport => ({
  peakBytes: Number(document.nodes["sampler"]!.values!["steps"]),
  flops: 1,
  denseFlops: 1,
  attentionFlops: 1,
  denseAttentionFlops: 1,
  seconds: null,
  secondsPerStep: null,
  stages: [],
  assumed: [],
});

/** Answers by hand, and as the service does it ends an older question of the same slot. */
function setUp() {
  const waiting: { document: GraphDocument; answer(): void; fail(): void }[] = [];
  const listeners = new Set<(event: ServiceEvent) => void>();
  const call = vi.fn(
    (_method: string, { document }: { document: GraphDocument }) =>
      new Promise<PlanReport>((resolve, reject) => {
        const fail = () => reject(new UmbelError("ERR_INTERRUPTED", "The work was cancelled."));
        for (const older of waiting.splice(0)) older.fail();
        waiting.push({ document, answer: () => resolve(reportOf(document)), fail });
      }),
  );
  const client = {
    call,
    subscribe(listener: (event: ServiceEvent) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  } as unknown as RuntimeClient;
  const documents = createDocuments();
  const plans = createPlans(client, documents);
  return {
    call,
    documents,
    plans,
    emit: (event: ServiceEvent) => listeners.forEach((listener) => listener(event)),
    answer: async () => {
      for (const each of waiting.splice(0)) each.answer();
      await vi.advanceTimersByTimeAsync(0);
    },
  };
}

const peak = ({ plans }: ReturnType<typeof setUp>) => plans.store.getState().report?.peakBytes;
const steps = (value: number) => (document: GraphDocument) => ({
  ...document,
  nodes: { sampler: { ...document.nodes["sampler"]!, values: { steps: value } } },
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a graph is planned once, however often the documents tell of other things", async () => {
  const app = setUp();
  app.plans.watch();
  const id = app.documents.open(graph(20), { title: "a" });
  for (let i = 0; i < 5; i++) {
    await vi.advanceTimersByTimeAsync(400);
    app.documents.edit("Move", (document) => ({ ...document, title: `moved ${i}` }), { id });
  }
  expect(app.call).toHaveBeenCalledTimes(1);
  await app.answer();
  expect(app.plans.store.getState()).toMatchObject({ pending: false, problem: null });
  expect(peak(app)).toBe(20);
});

test("only the last question counts, and an older one that was ended says nothing", async () => {
  const app = setUp();
  app.plans.watch();
  const id = app.documents.open(graph(20), { title: "a" });
  await vi.advanceTimersByTimeAsync(400);
  app.documents.edit("Steps", steps(30), { id });
  await vi.advanceTimersByTimeAsync(400);
  expect(app.call).toHaveBeenCalledTimes(2);
  expect(app.plans.store.getState()).toMatchObject({ pending: true, problem: null });
  await app.answer();
  expect(peak(app)).toBe(30);
});

test("an answer for a tab that was left does not show on another", async () => {
  const app = setUp();
  app.plans.watch();
  const first = app.documents.open(graph(20), { title: "a" });
  await vi.advanceTimersByTimeAsync(400);
  const second = app.documents.open(graph(30), { title: "b" });
  await app.answer();
  expect(app.plans.store.getState()).toMatchObject({ pending: true, report: null });
  await vi.advanceTimersByTimeAsync(400);
  await app.answer();
  expect(peak(app)).toBe(30);
  app.documents.activate(first);
  app.documents.activate(second);
  app.documents.activate(first);
  await vi.advanceTimersByTimeAsync(400);
  await app.answer();
  expect(peak(app)).toBe(20);
});

test("the graph is planned anew when a model file or a setting is another", async () => {
  const app = setUp();
  app.plans.watch();
  app.documents.open(graph(20), { title: "a" });
  await vi.advanceTimersByTimeAsync(400);
  await app.answer();
  app.emit({ type: "models" });
  await vi.advanceTimersByTimeAsync(400);
  expect(app.call).toHaveBeenCalledTimes(2);
  await app.answer();
  expect(app.plans.store.getState().pending).toBe(false);
});
