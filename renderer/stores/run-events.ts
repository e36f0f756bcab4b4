/** What a run's events say about each node of a document. */
import type { ErrorRecord } from "#runtime/errors";
import type { PreviewFrames, ServiceJobEvent } from "#runtime/protocol/service-events";
import type { ResultFile, ShownValue } from "#runtime/protocol/service-values";

export interface NodeRunState {
  readonly status: "queued" | "running" | "cached" | "done" | "failed" | "stopped";
  /** Progress of a running node; max 0: not told yet. */
  readonly value: number;
  readonly max: number;
  readonly secondsPerUnit: number | null;
  readonly secondsLeft: number | null;
  /** Of the last finished run. */
  readonly seconds: number | null;
  readonly peakBytes: number | null;
  readonly error: ErrorRecord | null;
  readonly warnings: readonly string[];
  /** Frames of the unfinished clip, while it samples. */
  readonly preview: PreviewFrames | null;
  readonly results: readonly (ResultFile | ShownValue)[];
}

export type NodeRuns = Readonly<Record<string, NodeRunState>>;

const FRESH: NodeRunState = {
  status: "queued",
  value: 0,
  max: 0,
  secondsPerUnit: null,
  secondsLeft: null,
  seconds: null,
  peakBytes: null,
  error: null,
  warnings: [],
  preview: null,
  results: [],
};

/** The node and the subgraph nodes around it: "a:b:c" is c in b in a. */
export function withAncestors(id: string): readonly string[] {
  const parts = id.split(":");
  return parts.map((_, i) => parts.slice(0, i + 1).join(":")).toReversed();
}

function change(runs: NodeRuns, id: string, by: Partial<NodeRunState>): NodeRuns {
  return { ...runs, [id]: { ...(runs[id] ?? FRESH), ...by } };
}

function changeAll(runs: NodeRuns, id: string, by: Partial<NodeRunState>): NodeRuns {
  return withAncestors(id).reduce((all, each) => change(all, each, by), runs);
}

export function applyPreview(runs: NodeRuns, id: string, preview: PreviewFrames): NodeRuns {
  return changeAll(runs, id, { preview });
}

/** Nodes that were running or waiting when a job ended are neither any more. */
function settle(runs: NodeRuns): NodeRuns {
  const entries = Object.entries(runs).map(([id, run]) =>
    run.status === "running" || run.status === "queued"
      ? ([id, { ...run, status: "stopped", preview: null } as NodeRunState] as const)
      : ([id, run] as const),
  );
  return Object.fromEntries(entries);
}

export function applyJobEvent(runs: NodeRuns, event: ServiceJobEvent): NodeRuns {
  switch (event.type) {
    case "job_started":
      return [...event.nodes, ...(event.cached ?? [])].reduce(
        (all, id) =>
          withAncestors(id).reduce((each, name) => {
            const before = each[name];
            // Pictures and times of the last run stay until the node itself runs again.
            const kept =
              before === undefined ? {} : { results: before.results, seconds: before.seconds };
            const status = event.cached?.includes(name) === true ? "cached" : FRESH.status;
            return { ...each, [name]: { ...FRESH, ...kept, status } };
          }, all),
        runs,
      );
    case "job_planned":
      return runs;
    case "node_cached":
      return change(runs, event.node, { status: "cached", preview: null });
    case "node_started":
      return changeAll(runs, event.node, {
        status: "running",
        value: 0,
        max: 0,
        error: null,
        results: [],
      });
    case "node_progress": {
      const { value, max, secondsPerUnit, secondsLeft } = event;
      return changeAll(runs, event.node, {
        status: "running",
        value,
        max,
        secondsPerUnit,
        secondsLeft,
      });
    }
    case "node_warning":
      return change(runs, event.node, {
        warnings: [...(runs[event.node]?.warnings ?? []), event.message],
      });
    case "node_result":
      return changeAll(runs, event.node, {
        results: [...(runs[event.node]?.results ?? []), event.result],
      });
    case "node_finished": {
      const { seconds, peakBytes, cached } = event;
      const status = cached ? "cached" : "done";
      return changeAll(runs, event.node, {
        status,
        ...(cached ? {} : { seconds, peakBytes }),
        preview: null,
      });
    }
    case "job_finished":
    case "job_cancelled":
      return settle(runs);
    case "job_failed": {
      const settled = settle(runs);
      const { nodeId } = event.error;
      return nodeId === undefined
        ? settled
        : changeAll(settled, nodeId, { status: "failed", error: event.error });
    }
  }
}
