/** What a server and its workers tell each other over Redis: names, and jobs and events as JSON. */
import { join } from "node:path";
import type { GraphDocument } from "#runtime/graph/document";
import type { JobEvent, ResultMessage } from "#runtime/protocol/events";
import { placeResult, type ResultFolders } from "#runtime/service/result-places";

export const QUEUE = "umbel-jobs";
/** Worker ids by the time at which they count as gone. */
export const WORKERS_KEY = "umbel:workers";
/** Worker id -> what it is. */
export const WORKER_FACTS_KEY = "umbel:worker-facts";
/** Ids of tasks that are to end. */
export const CANCEL_CHANNEL = "umbel:cancel";

export interface Task {
  readonly job: string;
  readonly document: GraphDocument;
  readonly targets?: readonly string[];
  /** Workers that cannot run it, with the reason. */
  readonly refused: Readonly<Record<string, string>>;
}

export interface TaskOutcome {
  readonly last: JobEvent;
  /** Events of the run that ended so, without the last. */
  readonly count: number;
  /** The node_result among them. */
  readonly results: readonly JobEvent[];
}

export interface TaskEvent {
  /** Number in its run, from 0. */
  readonly n: number;
  readonly event: JobEvent;
}

export interface WorkerFacts {
  readonly label: string;
  readonly totalBytes: number;
  readonly freeBytes: number;
}

/** Task ids may not look like numbers nor have colons; job ids may. */
export const taskId = (job: string): string => `job-${Buffer.from(job).toString("hex")}`;
export const eventChannel = (task: string): string => `umbel:events:${task}`;
export const cancelKey = (task: string): string => `umbel:cancelled:${task}`;

/** Whether a run ends with it. */
export function isLast({ type }: JobEvent): boolean {
  return type === "job_finished" || type === "job_failed" || type === "job_cancelled";
}

/** Files by their path in the shared folder, frames as base64. */
export function packEvent(event: JobEvent, folders: ResultFolders): JobEvent {
  if (event.type === "node_preview") {
    const data = Buffer.from(event.data).toString("base64");
    return { ...event, data: data as unknown as Uint8Array };
  }
  if (event.type !== "node_result") return event;
  const placed = placeResult(event.node, event.result, folders);
  if (!("file" in placed)) return event;
  return { ...event, result: { ...event.result, path: placed.file.path } as ResultMessage };
}

export function unpackEvent(event: JobEvent, folders: ResultFolders): JobEvent {
  if (event.type === "node_preview")
    return { ...event, data: Buffer.from(event.data as unknown as string, "base64") };
  if (event.type !== "node_result" || !("path" in event.result)) return event;
  const { path, temporary } = event.result;
  const root = temporary ? folders.temporaryFolder : folders.outputFolder;
  return { ...event, result: { ...event.result, path: join(root, path) } };
}
