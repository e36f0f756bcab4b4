/** Work that takes long and computes: each task is done in a thread of its own, so that nothing else waits. */
import type { ErrorRecord } from "#runtime/errors";
import type { GraphPlan } from "#runtime/engine/plan-document";
import type { ListedFile, ModelFacts } from "#runtime/engine/model-listing";
import type { ClipComparison } from "#runtime/media/compare-clips";
import type { GraphDocument } from "#runtime/graph/document";
import type { EngineSettings } from "#runtime/protocol/engine-messages";

export interface ThreadTasks {
  readonly plan: {
    readonly task: {
      readonly document: GraphDocument;
      readonly settings: EngineSettings;
      readonly targets: readonly string[] | undefined;
    };
    readonly result: GraphPlan;
  };
  readonly compare: {
    readonly task: { readonly a: string; readonly b: string };
    readonly result: ClipComparison;
  };
  /** The files of model roots. */
  readonly list: { readonly task: readonly string[]; readonly result: readonly ListedFile[] };
  /** What files are, by their paths. */
  readonly inspect: { readonly task: readonly string[]; readonly result: readonly ModelFacts[] };
}

export type TaskName = keyof ThreadTasks;

export interface ToThread<N extends TaskName = TaskName> {
  readonly name: N;
  readonly task: ThreadTasks[N]["task"];
}

export type FromThread =
  | { readonly type: "ready" }
  | { readonly type: "result"; readonly result: ThreadTasks[TaskName]["result"] }
  | { readonly type: "error"; readonly error: ErrorRecord };
