/** After a process that ended while jobs ran: those with a receipt are done, the others are put back. */
import { readReceipts, removeReceipt, type Receipt } from "#runtime/engine/receipts";
import type { JobHistory } from "./job-history.ts";
import type { JobQueue } from "./job-queue.ts";
import { placeResult, type ResultFolders } from "./result-places.ts";

const ENDED = {
  code: "ERR_ENGINE_GONE",
  message:
    "Expected Umbel to run until the job was done, got an end of its process before that. The job is run again.",
} as const;

export async function recoverJobs(
  queue: JobQueue,
  history: JobHistory,
  receiptFolder: string,
  folders: ResultFolders,
): Promise<void> {
  const receipts = new Map((await readReceipts(receiptFolder)).map((r) => [r.job, r]));
  for (const { job } of queue.running().toReversed()) {
    const receipt = receipts.get(job);
    if (receipt !== undefined) finish(receipt, history, folders);
    else if (queue.isCancelled(job))
      history.end(job, { state: "cancelled", results: [], nodes: [] });
    else queue.putBack(job, ENDED, false);
  }
  for (const job of receipts.keys()) await removeReceipt(receiptFolder, job);
}

function finish({ job, events }: Receipt, history: JobHistory, folders: ResultFolders): void {
  const end = events.find((event) => event.type === "job_finished");
  history.end(job, {
    state: "done",
    results: events.flatMap((event) =>
      event.type === "node_result" ? [placeResult(event.node, event.result, folders)] : [],
    ),
    nodes: end?.nodes ?? [],
    ...(end === undefined ? {} : { peakBytes: end.peakBytes }),
  });
}
