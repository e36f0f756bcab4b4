/** A queue that only pretends: its jobs walk over their nodes, with previews, and end with a result. */
import { UmbelError } from "#runtime/errors";
import type { GraphDocument } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { NOTE_TYPES } from "#runtime/graph/virtual-nodes";
import type { Params } from "#runtime/protocol/contract";
import type { ServiceEvent } from "#runtime/protocol/service-events";
import type { JobEntry, QueueState } from "#runtime/protocol/service-values";
import { previewFrames } from "./preview-frames.ts";

const STEPS = 30;

export class FakeQueue {
  readonly documents = new Map<string, GraphDocument>();
  readonly history: JobEntry[] = [];
  readonly origins = new Map<string, Json>();
  state: QueueState = { version: 0, paused: false, running: [], waiting: [], waitingCount: 0 };
  #last = 0;
  readonly #emit: (event: ServiceEvent) => void;
  readonly #stepMs: number;

  constructor(emit: (event: ServiceEvent) => void, stepMs: number) {
    this.#emit = emit;
    this.#stepMs = stepMs;
  }

  add({ document, title, first, count = 1, job: own, origin }: Params<"queue.add">) {
    const jobs = Array.from({ length: count }, () => own ?? `job-${++this.#last}`);
    const batch = count > 1 ? `batch-${jobs[0]}` : null;
    const entries = jobs.map((job) => entry(job, title ?? document.title ?? "untitled", batch));
    for (const job of jobs) {
      this.documents.set(job, document as GraphDocument);
      if (origin !== undefined) this.origins.set(job, origin as Json);
    }
    const { waiting } = this.state;
    this.#put({ waiting: first ? [...entries, ...waiting] : [...waiting, ...entries] });
    setTimeout(() => this.#next(), 0);
    return { jobs, batch };
  }

  job(job: string): JobEntry {
    const all = [...this.state.running, ...this.state.waiting, ...this.history];
    const found = all.find((entry) => entry.job === job);
    if (found === undefined)
      throw new UmbelError("ERR_INVALID_ARGUMENT", `Expected a job of this queue, got ${job}.`);
    return found;
  }

  cancel(job: string): void {
    const running = this.state.running.find((entry) => entry.job === job);
    this.#put({ waiting: this.state.waiting.filter((entry) => entry.job !== job) });
    if (running === undefined) return;
    this.#emit({ type: "job", event: { type: "job_cancelled", job } });
    this.#end({ ...running, state: "cancelled" });
  }

  pause(paused: boolean): void {
    this.#put({ paused });
    if (!paused) this.#next();
  }

  move(job: string, before: string | null): void {
    const moved = this.state.waiting.find((entry) => entry.job === job);
    if (moved === undefined) return;
    const rest = this.state.waiting.filter((entry) => entry.job !== job);
    const at = before === null ? rest.length : rest.findIndex((entry) => entry.job === before);
    this.#put({ waiting: rest.toSpliced(at < 0 ? rest.length : at, 0, moved) });
  }

  clear(): void {
    this.#put({ waiting: [] });
  }

  #put(change: Partial<QueueState>): void {
    const next = { ...this.state, ...change, version: this.state.version + 1 };
    this.state = { ...next, waitingCount: next.waiting.length };
    this.#emit({ type: "queue", state: this.state });
  }

  #end(done: JobEntry): void {
    const ended = { ...done, ended: Date.now() };
    this.history.unshift(ended);
    this.#put({ running: [] });
    this.#emit({ type: "history", entry: ended });
    this.#next();
  }

  #next(): void {
    const [job, ...waiting] = this.state.waiting;
    if (job === undefined || this.state.paused || this.state.running.length > 0) return;
    this.#put({ running: [{ ...job, state: "running", started: Date.now() }], waiting });
    void this.#run(job.job);
  }

  async #run(job: string): Promise<void> {
    const document = this.documents.get(job)!;
    const order = runOrder(document);
    const runs = () => this.state.running.some((entry) => entry.job === job);
    const tell = (event: Extract<ServiceEvent, { type: "job" }>["event"]) =>
      this.#emit({ type: "job", event });
    tell({ type: "job_started", job, nodes: order });
    const nodes: JobEntry["nodes"] = [];
    for (const node of order) {
      const { type, title = type } = document.nodes[node]!;
      const steps = /Sampler/.test(type)
        ? Number(document.nodes[node]!.values["steps"] ?? STEPS)
        : 1;
      const seconds = (this.#stepMs * steps) / 1000;
      tell({ type: "node_started", job, node, title });
      for (let step = 1; step <= steps; step++) {
        await new Promise((resolve) => setTimeout(resolve, this.#stepMs));
        if (!runs()) return;
        if (steps === 1) continue;
        const secondsLeft = ((steps - step) * this.#stepMs) / 1000;
        const secondsPerUnit = this.#stepMs / 1000;
        tell({
          type: "node_progress",
          job,
          node,
          value: step,
          max: steps,
          secondsPerUnit,
          secondsLeft,
        });
        const preview = previewFrames(1 - step / steps);
        if (step % 2 === 0) this.#emit({ type: "preview", job, node, preview });
      }
      const report = { node, seconds, peakBytes: 2 ** 30, cached: false };
      nodes.push(report);
      tell({ type: "node_finished", job, nodeType: type, title, ...report });
    }
    const running = this.state.running[0]!;
    tell({
      type: "job_finished",
      job,
      seconds: (Date.now() - (running.started ?? 0)) / 1000,
      peakBytes: 2 ** 30,
      nodes: nodes.map((report) => ({ ...report, nodeType: "", title: "" })),
    });
    this.#end({ ...running, state: "done", nodes, peakBytes: 2 ** 30 });
  }
}

function entry(job: string, title: string, batch: string | null): JobEntry {
  return {
    job,
    title,
    state: "waiting",
    batch,
    cell: null,
    priority: 0,
    added: Date.now(),
    started: null,
    ended: null,
    attempts: 1,
    error: null,
    problems: [],
    results: [],
    shown: [],
    nodes: [],
    peakBytes: null,
  };
}

function runOrder(document: GraphDocument): string[] {
  const done = new Set<string>();
  const open = new Set<string>();
  const visit = (id: string): void => {
    if (open.has(id) || document.nodes[id] === undefined) return;
    open.add(id);
    for (const { from, to } of document.links) if (to[0] === id) visit(from[0]);
    done.add(id);
  };
  for (const id of Object.keys(document.nodes)) visit(id);
  return [...done].filter((id) => {
    const node = document.nodes[id]!;
    return node.state === undefined && !NOTE_TYPES.has(node.type);
  });
}
