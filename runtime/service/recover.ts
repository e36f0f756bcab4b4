/** After a process that ended while jobs ran: those with a receipt are done, the others are put back. */
import { readReceipt, removeReceipts, type Receipt } from "#runtime/engine/receipts";
import type { JobHistory, Outcome } from "./job-history.ts";
import type { JobQueue } from "./job-queue.ts";
import { placeResult, type ResultFolders } from "./result-places.ts";

const ENDED = {
  code: "ERR_ENGINE_GONE",
  message:
    "Expected Umbel to run until the job was done, got an end of its process before that. The job is run again.",
} as const;

/** Returns the jobs that were to end: an engine that has outlived this program may still run them. */
export async function recoverJobs(
  queue: JobQueue,
  history: JobHistory,
  receiptFolder: string,
  folders: ResultFolders,
): Promise<readonly string[]> {
  const cancelled: string[] = [];
  for (const { job } of queue.running().toReversed()) {
    const receipt = await readReceipt(receiptFolder, job);
    if (receipt !== null) history.end(job, outcomeOfReceipt(receipt, folders));
    else if (queue.isCancelled(job)) {
      history.end(job, { state: "cancelled", results: [], nodes: [] });
      cancelled.push(job);
    } else queue.putBack(job, ENDED, false);
  }
  await removeReceipts(receiptFolder);
  return cancelled;
}

/** What a job made whose end came no further than its receipt. */
export function outcomeOfReceipt({ events }: Receipt, folders: ResultFolders): Outcome {
  const end = events.find((event) => event.type === "job_finished");
  return {
    state: "done",
    results: events.flatMap((event) =>
      event.type === "node_result" ? [placeResult(event.node, event.result, folders)] : [],
    ),
    nodes: end?.nodes ?? [],
    ...(end === undefined ? {} : { peakBytes: end.peakBytes }),
  };
}
