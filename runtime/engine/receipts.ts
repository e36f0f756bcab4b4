/**
 * Receipts of finished jobs. An engine process writes one, durably, before it reports a job's end; its parent removes it
 * when the end stands in the database. A parent that died in between finds it and does not run the job again.
 */
import { createHash } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { toUmbelError, UmbelError } from "#runtime/errors";
import type { JobEvent } from "#runtime/protocol/events";

type Kept = Extract<JobEvent, { type: "node_result" | "job_finished" }>;

export interface Receipt {
  readonly job: string;
  /** What the job showed and its end, in order. */
  readonly events: readonly Kept[];
}

export interface ReceiptWriter {
  note(event: JobEvent): void;
  /** Throws ERR_FILE, ERR_DISK_FULL. */
  write(): Promise<void>;
}

const SUFFIX = ".receipt.json";

/** Without a folder, a writer that keeps nothing. */
export function receiptWriter(folder: string | undefined, job: string): ReceiptWriter {
  if (folder === undefined) return { note: () => undefined, write: () => Promise.resolve() };
  const events: Kept[] = [];
  return {
    note: (event) => {
      if (event.type === "node_result" || event.type === "job_finished") events.push(event);
    },
    write: async () => {
      // A parent that is gone ends this process here, before the job counts as finished.
      await nextTurn();
      await writeReceipt(folder, { job, events });
    },
  };
}

async function writeReceipt(folder: string, receipt: Receipt): Promise<void> {
  const path = receiptPath(folder, receipt.job);
  const temporary = `${path}.${process.pid}`;
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(temporary, "w");
    try {
      await file.writeFile(JSON.stringify(receipt));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    const full = (error as NodeJS.ErrnoException).code === "ENOSPC";
    throw new UmbelError(
      full ? "ERR_DISK_FULL" : "ERR_FILE",
      `Expected to note the end of a job in ${folder}, got ${toUmbelError(error).message}. ${full ? "Free some space." : "Check the folder and its permissions."}`,
      { cause: error },
    );
  }
}

/** The receipt of a job; null when there is none. */
export async function readReceipt(folder: string, job: string): Promise<Receipt | null> {
  try {
    return JSON.parse(await readFile(receiptPath(folder, job), "utf8")) as Receipt;
  } catch {
    // None, or written by no engine of ours: they get their name only when they are whole.
    return null;
  }
}

/** Removes what is left of jobs that have ended. */
export async function removeReceipts(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

export async function removeReceipt(folder: string, job: string): Promise<void> {
  await rm(receiptPath(folder, job), { force: true });
}

/** Job ids come from clients and are not always names that a file can have. */
function receiptPath(folder: string, job: string): string {
  return join(folder, `${createHash("sha256").update(job).digest("hex")}${SUFFIX}`);
}
