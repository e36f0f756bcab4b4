/** A job that runs, for the clients of the WebSocket: who is told of it, and in which words. */
import { objectOf, textOf } from "#runtime/graph/comfy/comfy-json";
import { MessageTranslator } from "./comfy/messages.ts";
import type { NeededHandlers } from "./context.ts";

export interface RunningJob {
  /** Whoever asked for it; null: everybody is told. */
  readonly client: string | null;
  readonly translator: MessageTranslator;
}

/** By what was kept with the job when it was added. Throws ERR_INVALID_ARGUMENT for one that is not there. */
export async function runningJob(handlers: NeededHandlers, job: string): Promise<RunningJob> {
  const origin = objectOf(await handlers["queue.origin"]({ job }));
  const client = objectOf(origin["extra_data"])["client_id"];
  const nodes = Object.entries(objectOf(origin["prompt"]));
  const types = new Map(nodes.map(([id, node]) => [id, textOf(objectOf(node)["class_type"])]));
  return {
    client: typeof client === "string" ? client : null,
    translator: new MessageTranslator(job, (node) => types.get(node) ?? ""),
  };
}
