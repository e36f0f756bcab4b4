/** The engine: a document in, events and results out. One engine owns one device and its models. */
import { UmbelError, toUmbelError } from "#runtime/errors";
import { compactComfyJson } from "#runtime/graph/comfy/comfy-json";
import { descriptionFacts } from "#runtime/graph/comfy/description-facts";
import { writePrompt } from "#runtime/graph/comfy/export-prompt";
import type { GraphDocument } from "#runtime/graph/document";
import { formatProblem, type Problem } from "#runtime/graph/problems";
import type { ResolvedGraph } from "#runtime/graph/resolve";
import { serializeDocument } from "#runtime/graph/serialize";
import type { Validation } from "#runtime/graph/validate";
import type { JobEvent, JobEventSink } from "#runtime/protocol/events";
import type { DeviceInfo } from "#runtime/protocol/service-values";
import type { ModelAccess } from "#runtime/sdk/model-access";
import type { NodeContext } from "#runtime/sdk/node";
import type { Device } from "#runtime/tensor/device";
import type { EngineFiles } from "./files.ts";
import { checkDocument } from "./check-document.ts";
import type { NodeRegistry } from "./node-registry.ts";
import { prepareFolder, saveOutput } from "./output-files.ts";
import { planRun, type PlannedNode } from "./plan.ts";
import { ProgressClock } from "./progress.ts";
import { ResultCache } from "./result-cache.ts";
import { runJob, type JobSummary } from "./run-job.ts";

export interface EngineParts {
  readonly registry: NodeRegistry;
  readonly device: Device;
  readonly models: ModelAccess;
  readonly files: EngineFiles;
  readonly cache?: ResultCache;
  /** FLOPs enqueued so far. */
  readonly flops?: () => number;
  /** What was decided about memory since it was asked last. */
  readonly notes?: () => readonly string[];
  readonly describe?: () => DeviceInfo;
  /** What a job is going to take, null where that cannot be said. Throws when it cannot fit. */
  readonly plan?: (request: JobRequest) => Promise<MemoryPlan | null>;
  /** Files of folders are checked against what exists; off when planning without weights. */
  readonly checkFiles?: boolean;
}

export type MemoryPlan = Omit<JobEvent & { type: "job_planned" }, "type" | "job">;

export interface JobRequest {
  readonly job: string;
  readonly document: GraphDocument;
  /** Node ids whose results are wanted; absent: every output node. */
  readonly targets?: readonly string[];
  readonly signal: AbortSignal;
  readonly emit: JobEventSink;
}

export class Engine {
  readonly #parts: EngineParts;
  readonly #cache: ResultCache;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#cache = parts.cache ?? new ResultCache();
  }

  /** Every problem of a document, including those that only the nodes themselves know. */
  validate(document: GraphDocument): Validation {
    const { registry, files } = this.#parts;
    const isKnown = (folder: string): boolean =>
      this.#parts.checkFiles !== false && folder !== "input";
    return checkDocument(document, registry, (folder) =>
      isKnown(folder) ? files.list(folder) : null,
    );
  }

  /**
   * Runs a document. Events end with job_finished, job_failed or job_cancelled. Throws ERR_VALIDATION with every
   * problem, ERR_INTERRUPTED when cancelled, else the error of the node that failed.
   */
  async run(request: JobRequest): Promise<JobSummary> {
    let problems: readonly Problem[] = [];
    try {
      const validation = this.validate(request.document);
      problems = validation.problems;
      const fatal = problems.filter((p) => p.severity === "error" || p.code === "missing_file");
      if (fatal.length > 0) {
        const lines = fatal.map((p) => `  ${formatProblem(p)}`).join("\n");
        throw new UmbelError(
          "ERR_VALIDATION",
          `Expected a graph that can run, got ${fatal.length} problem(s):\n${lines}`,
        );
      }
      return await this.#execute(request, validation.graph);
    } catch (error) {
      const known = toUmbelError(error);
      if (request.signal.aborted) request.emit({ type: "job_cancelled", job: request.job });
      else request.emit({ type: "job_failed", job: request.job, error: known.toJSON(), problems });
      throw known;
    }
  }

  async #execute(request: JobRequest, graph: ResolvedGraph): Promise<JobSummary> {
    const { registry, device, files, flops, notes, describe } = this.#parts;
    const plan = planRun(graph, registry, files, request.targets);
    if (plan.some(({ definition }) => definition.output)) await prepareFolder(files.outputFolder);
    const embed = {
      umbel: serializeDocument(request.document),
      prompt: compactComfyJson(writePrompt(graph, descriptionFacts(registry.descriptions))),
    };
    const planned = (await this.#parts.plan?.(request)) ?? null;
    if (planned !== null) request.emit({ type: "job_planned", job: request.job, ...planned });
    const fields = nameFields(graph);
    const steps = new Map<string, number>();
    return runJob({
      job: request.job,
      plan,
      device,
      cache: this.#cache,
      signal: request.signal,
      emit: request.emit,
      contextFor: (node) => this.#context(request, node, embed, fields, steps),
      steps,
      ...(flops === undefined ? {} : { flops }),
      ...(notes === undefined ? {} : { notes }),
      ...(describe === undefined ? {} : { describe }),
    });
  }

  #context(
    request: JobRequest,
    node: PlannedNode,
    embed: Readonly<Record<string, string>>,
    values: ReadonlyMap<string, string>,
    steps: Map<string, number>,
  ): Omit<NodeContext, "nodeId" | "device" | "signal" | "checkCancelled"> {
    const { models, files } = this.#parts;
    const { job, emit } = request;
    const clock = new ProgressClock();
    return {
      models,
      embed,
      modelPath: (folder, name) => files.modelPath(folder, name),
      inputPath: (name) => files.inputPath(name),
      saveOutput: (prefix, extension, options, write) => {
        const folder = options.temporary ? files.temporaryFolder : files.outputFolder;
        return saveOutput(folder, prefix, extension, { ...options, values }, write);
      },
      progress: (value, max) => {
        steps.set(node.id, max);
        emit({ type: "node_progress", job, node: node.id, value, max, ...clock.mark(value, max) });
      },
      preview: (frames) =>
        emit({
          type: "node_preview",
          job,
          node: node.id,
          frames: frames.count,
          width: frames.width,
          height: frames.height,
          data: toBytes(frames.data),
        }),
      warn: (message) => emit({ type: "node_warning", job, node: node.id, message }),
      publish: (result) => emit({ type: "node_result", job, node: node.id, result }),
    };
  }
}

/** 0..1 -> 0..255. */
function toBytes(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) bytes[i] = Math.round((values[i] as number) * 255);
  return bytes;
}

/** "Title.parameter" and "Type.parameter" -> value, for %Node.parameter% in file names. */
function nameFields(graph: ResolvedGraph): Map<string, string> {
  const fields = new Map<string, string>();
  for (const node of graph.values()) {
    for (const [name, value] of Object.entries(node.values)) {
      if (typeof value === "object") continue;
      for (const owner of [node.type, node.title ?? node.id])
        fields.set(`${owner}.${name}`, String(value));
    }
  }
  return fields;
}
