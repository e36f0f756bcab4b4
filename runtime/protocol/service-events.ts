/** What the runtime service tells every client by itself. */
import type { JobEvent } from "./events.ts";
import type { Download, JobEntry, QueueState, Settings } from "./service-values.ts";

/** Frames of an unfinished clip: RGB bytes, all frames one after the other. */
export interface PreviewFrames {
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export type ServiceEvent =
  | { readonly type: "queue"; readonly state: QueueState }
  /** Everything of a running job but previews, which have their own event. */
  | { readonly type: "job"; readonly event: Exclude<JobEvent, { type: "node_preview" }> }
  | {
      readonly type: "preview";
      readonly job: string;
      readonly node: string;
      readonly preview: PreviewFrames;
    }
  | { readonly type: "history"; readonly entry: JobEntry }
  | { readonly type: "models" }
  | { readonly type: "nodes" }
  | { readonly type: "download"; readonly download: Download }
  | { readonly type: "settings"; readonly settings: Settings }
  /** The engine process ended and was started again. */
  | { readonly type: "engine_restarted"; readonly reason: string };
