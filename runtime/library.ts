/** The package's entry, `import { Engine } from "umbel"`: graphs run in a program's own process. See docs/library.md. */
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { BUNDLED_MODELS, NODE_FOLDER } from "#runtime/engine/locations";
import { openEngine, type OpenEngine } from "#runtime/engine/open-engine";
import { planDocument, type GraphPlan } from "#runtime/engine/plan-document";
import { UmbelError } from "#runtime/errors";
import type { GraphDocument } from "#runtime/graph/document";
import type { Problem } from "#runtime/graph/problems";
import type { EngineSettings } from "#runtime/protocol/engine-messages";
import type { JobEvent, NodeReport, ResultMessage } from "#runtime/protocol/events";
import type { NodeDescriptions } from "#runtime/protocol/node-description";

export { readDocument } from "#runtime/engine/open-graph";
export { isUmbelError, UmbelError } from "#runtime/errors";
export { parseDocument } from "#runtime/graph/document";
export { serializeDocument } from "#runtime/graph/serialize";
export type { GraphDocument, GraphPlan, JobEvent, NodeDescriptions, NodeReport };
export type { Problem, ResultMessage };

export interface EngineOptions {
  /** By default the fastest that this machine and build have. */
  readonly device?: "auto" | "cpu" | "cuda" | "null";
  /** CPU threads; by default all. */
  readonly threads?: number;
  /** CPU arithmetic of linear layers. */
  readonly precision?: "f32" | "bf16";
  /** Folders with ComfyUI's model folders, searched before the bundled models. */
  readonly models?: readonly string[];
  /** Folders with node files beside Umbel's own. */
  readonly nodes?: readonly string[];
  /** Where results go; by default output/ of the current folder. */
  readonly outputFolder?: string;
  /** Where pictures and videos are that graphs name; by default input/ of the current folder. */
  readonly inputFolder?: string;
}

export interface RunOptions {
  /** Node ids whose results are wanted; absent: every output node. */
  readonly targets?: readonly string[];
  /** Ends the run inside its step. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: JobEvent) => void;
}

export interface RunResult {
  readonly seconds: number;
  /** The most bytes that the device held. */
  readonly peakBytes: number;
  readonly nodes: readonly NodeReport[];
  /** Files and values that nodes gave, in order. */
  readonly results: readonly (ResultMessage & { readonly node: string })[];
}

/** One device with its models. Runs follow each other; what did not change is not run again. */
export class Engine implements AsyncDisposable {
  readonly #settings: EngineSettings;
  readonly #open: OpenEngine;
  #line: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(settings: EngineSettings, open: OpenEngine) {
    this.#settings = settings;
    this.#open = open;
  }

  /** Throws ERR_DEVICE for a device that is not there, ERR_NODE for node files that are none. */
  static async open(options: EngineOptions = {}): Promise<Engine> {
    const settings = settingsOf(options);
    return new Engine(settings, await openEngine(settings));
  }

  /** Every node class by its type. */
  get nodes(): NodeDescriptions {
    return this.#open.registry.descriptions;
  }

  /** Every problem of a graph; none: it can run. */
  validate(document: GraphDocument): readonly Problem[] {
    return this.#open.engine.validate(document).problems;
  }

  /** What a run would take: memory and operations, without weights or results. */
  plan(document: GraphDocument, signal?: AbortSignal): Promise<GraphPlan> {
    return planDocument(document, this.#settings, signal ?? new AbortController().signal);
  }

  /**
   * Runs a graph after those that were given before. Throws ERR_VALIDATION with every problem, ERR_INTERRUPTED when its
   * signal ended it, else the error of the node that failed, with its nodeId.
   */
  run(document: GraphDocument, options: RunOptions = {}): Promise<RunResult> {
    if (this.#closed) {
      const closed = "Expected an open engine, got one that was closed. Open another.";
      return Promise.reject(new UmbelError("ERR_DISPOSED", closed));
    }
    const run = this.#line.then(() => this.#run(document, options));
    this.#line = run.catch(() => undefined);
    return run;
  }

  /** Waits for what runs, then gives the models up. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#line;
    await this.#open[Symbol.asyncDispose]();
    await rm(this.#settings.temporaryFolder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(
    document: GraphDocument,
    { targets, signal = new AbortController().signal, onEvent }: RunOptions,
  ): Promise<RunResult> {
    const results: RunResult["results"][number][] = [];
    const summary = await this.#open.engine.run({
      job: randomUUID(),
      document,
      signal,
      emit: (event) => {
        if (event.type === "node_result") results.push({ ...event.result, node: event.node });
        onEvent?.(event);
      },
      ...(targets === undefined ? {} : { targets }),
    });
    return { ...summary, results };
  }
}

function settingsOf(options: EngineOptions): EngineSettings {
  const { device = "auto", threads = availableParallelism(), precision } = options;
  return {
    device,
    threads,
    ...(precision === undefined ? {} : { precision }),
    models: [...(options.models ?? []).map((folder) => resolve(folder)), BUNDLED_MODELS],
    nodes: [NODE_FOLDER, ...(options.nodes ?? []).map((folder) => resolve(folder))],
    inputFolder: resolve(options.inputFolder ?? "input"),
    outputFolder: resolve(options.outputFolder ?? "output"),
    temporaryFolder: join(tmpdir(), `umbel-${process.pid}-${randomUUID().slice(0, 8)}`),
  };
}
