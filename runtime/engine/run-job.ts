/** Runs one planned job on one device, node by node, and says what happens. */
import { performance } from "node:perf_hooks";
import { isUmbelError, toUmbelError, UmbelError } from "#runtime/errors";
import type { JobEventSink, NodeReport } from "#runtime/protocol/events";
import type { DeviceInfo } from "#runtime/protocol/service-values";
import type { NodeContext } from "#runtime/sdk/node";
import type { Device } from "#runtime/tensor/device";
import { coerceLinked } from "./node-values.ts";
import type { PlannedNode } from "./plan.ts";
import type { NodeOutputs, ResultCache } from "./result-cache.ts";

export interface JobRun {
  readonly job: string;
  readonly plan: readonly PlannedNode[];
  readonly device: Device;
  readonly cache: ResultCache;
  readonly signal: AbortSignal;
  readonly emit: JobEventSink;
  /** What the engine adds to a node's context. */
  readonly contextFor: (
    node: PlannedNode,
  ) => Omit<NodeContext, "nodeId" | "device" | "signal" | "checkCancelled">;
  /** FLOPs enqueued so far; absent: not counted. */
  readonly flops?: () => number;
  /** What was decided about memory since it was asked last. */
  readonly notes?: () => readonly string[];
  readonly describe?: () => DeviceInfo;
  /** Units of each node's progress, once it has said them. */
  readonly steps?: ReadonlyMap<string, number>;
}

export interface JobSummary {
  readonly seconds: number;
  readonly peakBytes: number;
  readonly nodes: readonly NodeReport[];
}

/** Throws the UmbelError of the node that failed (with its nodeId), ERR_INTERRUPTED when cancelled. */
export async function runJob(run: JobRun): Promise<JobSummary> {
  const started = performance.now();
  const results = new Map<string, NodeOutputs>();
  const uses = countUses(run.plan);
  const reports: NodeReport[] = [];
  const interrupt = (): void => run.device.interrupt();
  run.signal.addEventListener("abort", interrupt, { once: true });
  try {
    const nodes = run.plan.map((node) => node.id);
    const cached = run.plan.filter((node) => isCached(run, node)).map((node) => node.id);
    run.emit({
      type: "job_started",
      job: run.job,
      nodes,
      ...(cached.length === 0 ? {} : { cached }),
      ...(run.describe === undefined ? {} : { device: run.describe() }),
    });
    for (const node of run.plan) {
      throwIfCancelled(run.signal);
      const report = await runNode(run, node, results);
      reports.push(report);
      run.emit({ type: "node_finished", job: run.job, ...report });
      for (const source of Object.values(node.resolved.inputs)) {
        const left = (uses.get(source.node) ?? 1) - 1;
        uses.set(source.node, left);
        if (left === 0) results.delete(source.node);
      }
    }
  } finally {
    run.signal.removeEventListener("abort", interrupt);
  }
  const summary = {
    seconds: (performance.now() - started) / 1000,
    peakBytes: Math.max(0, ...reports.map((report) => report.peakBytes)),
    nodes: reports,
  };
  run.emit({ type: "job_finished", job: run.job, ...summary });
  return summary;
}

async function runNode(
  run: JobRun,
  node: PlannedNode,
  results: Map<string, NodeOutputs>,
): Promise<NodeReport> {
  const { definition, resolved } = node;
  const base = {
    node: node.id,
    nodeType: definition.type,
    title: resolved.title ?? definition.title,
    work: node.work,
  };
  const cached = definition.output === true ? undefined : run.cache.get(node.key);
  if (cached !== undefined) {
    results.set(node.id, cached);
    run.emit({ type: "node_cached", job: run.job, node: node.id });
    return { ...base, seconds: 0, peakBytes: 0, cached: true };
  }
  run.emit({ type: "node_started", job: run.job, node: node.id, title: base.title });
  const started = performance.now();
  const flopsBefore = run.flops?.();
  run.device.resetPeak();
  const context: NodeContext = {
    ...run.contextFor(node),
    nodeId: node.id,
    device: run.device,
    signal: run.signal,
    checkCancelled: () => throwIfCancelled(run.signal),
  };
  try {
    const outputs = await definition.run(context, inputsOf(node, results) as never);
    await run.device.sync();
    results.set(node.id, outputs as NodeOutputs);
    run.cache.set(node.key, outputs as NodeOutputs);
  } catch (error) {
    await settle(run.device);
    throw withNode(error, node.id, run.signal);
  }
  const flops = run.flops?.();
  const steps = run.steps?.get(node.id);
  const notes = run.notes?.() ?? [];
  return {
    ...base,
    seconds: (performance.now() - started) / 1000,
    peakBytes: run.device.memory().peakBytes,
    cached: false,
    ...(steps === undefined ? {} : { steps }),
    ...(notes.length === 0 ? {} : { notes }),
    ...(flops === undefined || flopsBefore === undefined ? {} : { flops: flops - flopsBefore }),
  };
}

function isCached(run: JobRun, node: PlannedNode): boolean {
  return node.definition.output !== true && run.cache.has(node.key);
}

function inputsOf(
  node: PlannedNode,
  results: ReadonlyMap<string, NodeOutputs>,
): Record<string, unknown> {
  const inputs: Record<string, unknown> = { ...node.values };
  for (const [name, source] of Object.entries(node.resolved.inputs)) {
    const input = node.definition.inputs[name];
    const value = results.get(source.node)?.[source.output];
    if (input !== undefined) inputs[name] = coerceLinked(input, value);
  }
  return inputs;
}

/** Leaves the queue empty and without an error, so that the next node or job starts clean. */
async function settle(device: Device): Promise<void> {
  try {
    await device.sync();
  } catch {
    // The failure that is being reported already.
  }
}

function withNode(error: unknown, nodeId: string, signal: AbortSignal): UmbelError {
  if (signal.aborted)
    return new UmbelError("ERR_INTERRUPTED", "The job was cancelled.", { nodeId, cause: error });
  const known = isUmbelError(error) ? error : describeForeign(error);
  return new UmbelError(known.code, known.message, {
    cause: known.cause ?? error,
    nodeId: known.nodeId ?? nodeId,
  });
}

/** Typed arrays that no memory holds fail with a RangeError. */
function describeForeign(error: unknown): UmbelError {
  const tooLarge = /array buffer allocation|typed array length|array length/i;
  if (!(error instanceof RangeError) || !tooLarge.test(error.message)) return toUmbelError(error);
  return new UmbelError(
    "ERR_OUT_OF_MEMORY",
    `Expected memory for values of this size, got none (${error.message}). Choose a smaller size or fewer frames.`,
    { cause: error },
  );
}

function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new UmbelError("ERR_INTERRUPTED", "The job was cancelled.");
}

function countUses(plan: readonly PlannedNode[]): Map<string, number> {
  const uses = new Map<string, number>();
  for (const node of plan) {
    for (const { node: source } of Object.values(node.resolved.inputs))
      uses.set(source, (uses.get(source) ?? 0) + 1);
  }
  return uses;
}
