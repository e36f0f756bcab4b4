/** What graphs would take: made in a thread, kept by content, given up when a view asks anew. */
import { createHash } from "node:crypto";
import { UmbelError } from "#runtime/errors";
import { engineFiles } from "#runtime/engine/engine-files";
import type { EngineFiles } from "#runtime/engine/files";
import { fileFingerprint } from "#runtime/media/read-clip";
import type { GraphPlan } from "#runtime/engine/plan-document";
import { resolveGraph } from "#runtime/graph/resolve";
import { socketLookup } from "#runtime/graph/validate";
import type { GraphDocument } from "#runtime/graph/document";
import type { PlanReport } from "#runtime/protocol/service-values";
import type { LibraryContext } from "./context.ts";
import { RecentValues } from "./recent-values.ts";
import type { TaskThread } from "./task-thread.ts";

const KEPT = 64;

export interface PlanRequest {
  readonly document: GraphDocument;
  readonly targets?: readonly string[] | undefined;
  readonly slot?: string | undefined;
}

export class GraphPlans {
  readonly #context: LibraryContext;
  readonly #thread: TaskThread;
  readonly #plans = new RecentValues<GraphPlan>(KEPT);
  /** Unfinished plans by slot. */
  readonly #slots = new Map<string, AbortController>();

  constructor(context: LibraryContext, thread: TaskThread) {
    this.#context = context;
    this.#thread = thread;
  }

  /** Throws what a run would throw, but for missing model files; ERR_INTERRUPTED when it is not wanted any more. */
  async get(request: PlanRequest, signal?: AbortSignal): Promise<PlanReport> {
    const { document, targets, slot } = request;
    const ending = new AbortController();
    if (slot !== undefined) {
      this.#slots.get(slot)?.abort();
      this.#slots.set(slot, ending);
    }
    try {
      const key = this.#key(request);
      const known = this.#plans.get(key);
      const settings = this.#context.engineSettings();
      const wanted =
        signal === undefined ? ending.signal : AbortSignal.any([ending.signal, signal]);
      const plan =
        known ?? (await this.#thread.run("plan", { document, settings, targets }, wanted));
      if (ending.signal.aborted)
        throw new UmbelError("ERR_INTERRUPTED", "The plan was asked for anew.");
      this.#plans.set(key, plan);
      const report = toReport(plan);
      return (await this.#context.withTimes?.(report, plan.stages)) ?? report;
    } finally {
      if (slot !== undefined && this.#slots.get(slot) === ending) this.#slots.delete(slot);
    }
  }

  /** What a plan depends on: the nodes that run with their values, and where models may be. */
  #key({ document, targets }: PlanRequest): string {
    const { registry } = this.#context;
    const settings = this.#context.engineSettings();
    const files = engineFiles(settings);
    const graph = resolveGraph(document, socketLookup(registry.descriptions));
    const nodes = [...graph.values()].map(({ id, type, title, values, inputs }) => {
      const named = (registry.descriptions.get(type)?.inputs ?? []).map(({ name, folder }) =>
        folder === undefined ? null : stampOf(files, folder, values[name]),
      );
      return [id, type, title, values, inputs, named];
    });
    const text = JSON.stringify([nodes, targets, settings]);
    return createHash("sha256").update(text).digest("base64");
  }
}

/** Tells whether a file is there, and changes when it does. */
function stampOf(files: EngineFiles, folder: string, name: unknown): string | null {
  if (typeof name !== "string") return null;
  try {
    const path = folder === "input" ? files.inputPath(name) : files.modelPath(folder, name);
    return `${path} ${fileFingerprint(path)}`;
  } catch {
    return null;
  }
}

function toReport(plan: GraphPlan): PlanReport {
  return {
    stages: plan.stages.map(({ node, title, peakBytes, flops = 0 }) => ({
      node,
      title,
      peakBytes,
      flops,
      seconds: null,
    })),
    peakBytes: plan.peakBytes,
    flops: plan.flops,
    denseFlops: plan.denseFlops,
    attentionFlops: plan.attentionFlops,
    denseAttentionFlops: plan.denseAttentionFlops,
    secondsPerStep: null,
    seconds: null,
    assumed: [...plan.assumed].map(([file, model]) => ({ file, model })),
  };
}
