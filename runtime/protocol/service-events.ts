/** What the runtime service tells every client by itself. */
import type { JobEvent } from "./events.ts";
import type {
  Download,
  JobEntry,
  QueueState,
  ResultFile,
  Settings,
  ShownValue,
} from "./service-values.ts";

/** Frames of an unfinished clip: RGB bytes, all frames one after the other. */
export interface PreviewFrames {
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/**
 * Everything of a running job but previews, which have their own event; files by their place. A job that is started
 * again begins with job_started again; after job_finished, job_failed or job_cancelled nothing more comes of it.
 */
export type ServiceJobEvent =
  | Exclude<JobEvent, { type: "node_preview" | "node_result" }>
  | {
      readonly type: "node_result";
      readonly job: string;
      readonly node: string;
      readonly result: ResultFile | ShownValue;
    };

export type ServiceEvent =
  /** The way to the service was lost and is there again: what was told in between is missing, so read states again. */
  | { readonly type: "reconnected" }
  /** At most ten times a second: a short job may be over before a state shows it. */
  | { readonly type: "queue"; readonly state: QueueState }
  | { readonly type: "job"; readonly event: ServiceJobEvent }
  | {
      readonly type: "preview";
      readonly job: string;
      readonly node: string;
      readonly preview: PreviewFrames;
    }
  | { readonly type: "history"; readonly entry: JobEntry }
  | { readonly type: "history_removed"; readonly jobs: readonly string[] }
  | { readonly type: "models" }
  | { readonly type: "nodes" }
  | { readonly type: "download"; readonly download: Download }
  | { readonly type: "settings"; readonly settings: Settings }
  /** The engine process ended and was started again. */
  | { readonly type: "engine_restarted"; readonly reason: string }
  /** Something that people should know and that no call asked for. */
  | { readonly type: "notice"; readonly message: string };
