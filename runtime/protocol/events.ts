/** What an engine tells its clients while a job runs. One JSON object each; also the lines of `umbel run --json`. */
import type { ErrorRecord } from "#runtime/errors";
import type { Problem } from "#runtime/graph/problems";
import type { DeviceInfo } from "./service-values.ts";

/** A file or a small value that a job shows to people. */
export type ResultMessage =
  | {
      readonly kind: "image" | "video";
      readonly path: string;
      readonly temporary: boolean;
      readonly width: number;
      readonly height: number;
      readonly frames: number;
      readonly fps?: number;
    }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "metrics"; readonly values: Readonly<Record<string, number>> };

export interface NodeReport {
  readonly node: string;
  readonly nodeType: string;
  readonly title: string;
  readonly seconds: number;
  /** Device bytes at the highest point while the node ran. */
  readonly peakBytes: number;
  readonly cached: boolean;
  /** Equal for equal work: the node's type and values but for seeds and texts, and the same of all that it needs. */
  readonly work?: string;
  /** Floating-point operations enqueued. */
  readonly flops?: number;
  /** What was decided to make its models fit into the device's memory. */
  readonly notes?: readonly string[];
  /** Units of its progress: steps of a sampler, frames of a decoder. */
  readonly steps?: number;
}

export type JobEvent =
  | {
      readonly type: "job_started";
      readonly job: string;
      readonly nodes: readonly string[];
      /** Nodes whose results are there from an earlier run. */
      readonly cached?: readonly string[];
      readonly device?: DeviceInfo;
    }
  /** On a device with memory of its own, before a job starts: what it is going to take. */
  | {
      readonly type: "job_planned";
      readonly job: string;
      readonly budgetBytes: number;
      readonly peakBytes: number;
      readonly stages: readonly Pick<NodeReport, "node" | "title" | "peakBytes" | "notes">[];
    }
  | { readonly type: "node_cached"; readonly job: string; readonly node: string }
  | {
      readonly type: "node_started";
      readonly job: string;
      readonly node: string;
      readonly title: string;
    }
  | {
      readonly type: "node_progress";
      readonly job: string;
      readonly node: string;
      readonly value: number;
      readonly max: number;
      /** Seconds of the last unit, and the estimate for the rest. */
      readonly secondsPerUnit: number;
      readonly secondsLeft: number;
    }
  | {
      readonly type: "node_preview";
      readonly job: string;
      readonly node: string;
      readonly frames: number;
      readonly width: number;
      readonly height: number;
      /** RGB bytes of all frames; base64 in lines of JSON. */
      readonly data: Uint8Array;
    }
  | {
      readonly type: "node_warning";
      readonly job: string;
      readonly node: string;
      readonly message: string;
    }
  | {
      readonly type: "node_result";
      readonly job: string;
      readonly node: string;
      readonly result: ResultMessage;
    }
  | ({ readonly type: "node_finished"; readonly job: string } & NodeReport)
  | {
      readonly type: "job_finished";
      readonly job: string;
      readonly seconds: number;
      readonly peakBytes: number;
      readonly nodes: readonly NodeReport[];
    }
  | {
      readonly type: "job_failed";
      readonly job: string;
      readonly error: ErrorRecord;
      readonly problems: readonly Problem[];
    }
  | { readonly type: "job_cancelled"; readonly job: string };

export type JobEventSink = (event: JobEvent) => void;
