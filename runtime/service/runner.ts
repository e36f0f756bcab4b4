/** Takes jobs from the queue in order, as many as the engine takes, runs them and writes down how they end. */
import { readReceipt, removeReceipt } from "#runtime/engine/receipts";
import { assertNever, toUmbelError, type ErrorRecord } from "#runtime/errors";
import type { JobEvent, NodeReport } from "#runtime/protocol/events";
import type { Database } from "./database.ts";
import { nameDevice, type EngineHost, type EngineKeeper } from "./engine-host.ts";
import type { EventHub } from "./event-hub.ts";
import { findDocument, type NodeResult } from "./job-entries.ts";
import type { JobHistory, Outcome } from "./job-history.ts";
import type { JobQueue, TakenJob } from "./job-queue.ts";
import type { QueueAnnouncer } from "./queue-announcer.ts";
import { placeResult, type ResultFolders } from "./result-places.ts";

export interface RunnerParts {
  readonly database: Database;
  readonly queue: JobQueue;
  readonly history: JobHistory;
  readonly keeper: EngineKeeper;
  readonly hub: EventHub;
  readonly announcer: QueueAnnouncer;
  /** Whether no job may be started now. */
  readonly paused: () => boolean;
  readonly folders: () => ResultFolders;
  readonly receiptFolder: string;
  /** How often a job is started before it fails because the engine died under it. */
  readonly engineAttempts: number;
}

type LastEvent = Extract<JobEvent, { type: "job_finished" | "job_failed" | "job_cancelled" }>;

/** What a run has shown so far. */
interface Gathered {
  readonly results: NodeResult[];
  readonly nodes: NodeReport[];
  device?: string;
}

export class Runner {
  readonly #parts: RunnerParts;
  /** Jobs that run, with the engine once they have one. */
  readonly #current = new Map<string, EngineHost | null>();
  readonly #runs = new Set<Promise<void>>();
  #closed = false;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  /** Starts jobs while the engine takes more; called after every change that may let one start. */
  wake(): void {
    const { queue, keeper, paused } = this.#parts;
    try {
      while (!this.#closed && !paused() && this.#current.size < slotsOf(keeper)) {
        const taken = queue.take();
        if (taken === null) return;
        this.#start(taken);
      }
    } catch (error) {
      this.#stand(error);
    }
  }

  /** Ends a running job inside its step; false when it does not run. */
  cancel(job: string): boolean {
    if (!this.#current.has(job)) return false;
    this.#parts.queue.markCancelled(job);
    this.#current.get(job)?.cancel(job);
    return true;
  }

  /** Jobs that run stay such that run: the next start puts them back. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#parts.keeper[Symbol.asyncDispose]();
    await Promise.all(this.#runs);
  }

  #start(taken: TakenJob): void {
    const { announcer } = this.#parts;
    this.#current.set(taken.job, null);
    announcer.changedNow();
    const run = this.#run(taken).then(
      () => {
        this.#current.delete(taken.job);
        this.#runs.delete(run);
        this.wake();
      },
      (error: unknown) => {
        this.#current.delete(taken.job);
        this.#runs.delete(run);
        this.#stand(error);
        this.#restore(taken.job);
      },
    );
    this.#runs.add(run);
  }

  async #run(taken: TakenJob): Promise<void> {
    const gathered: Gathered = { results: [], nodes: [] };
    let last: LastEvent;
    try {
      last = await this.#execute(taken, gathered);
    } catch (error) {
      last = failure(taken.job, toUmbelError(error).toJSON());
    }
    if (!this.#closed) await this.#settle(taken.job, last, gathered);
  }

  async #execute({ job, targets }: TakenJob, gathered: Gathered): Promise<LastEvent> {
    const { keeper, database, queue } = this.#parts;
    using held = await keeper.hold();
    const { host } = held;
    this.#current.set(job, host);
    // It may have been cancelled before it had an engine.
    if (queue.isCancelled(job)) return { type: "job_cancelled", job };
    const folders = this.#parts.folders();
    const emit = (event: JobEvent): void => this.#forward(event, gathered, folders);
    const last = asLast(job, await host.run(job, findDocument(database, job), emit, targets));
    if (last.type === "job_finished") gathered.device = await nameDevice(host);
    return last;
  }

  /** Passes on all but the end, which is told when it stands in the database. */
  #forward(event: JobEvent, gathered: Gathered, folders: ResultFolders): void {
    const { hub } = this.#parts;
    switch (event.type) {
      case "job_finished":
      case "job_failed":
      case "job_cancelled":
        return;
      case "node_preview": {
        const { job, node, frames, width, height, data } = event;
        return hub.emit({ type: "preview", job, node, preview: { frames, width, height, data } });
      }
      case "node_result": {
        const placed = placeResult(event.node, event.result, folders);
        gathered.results.push(placed);
        const result = "file" in placed ? placed.file : placed.value;
        return hub.emit({ type: "job", event: { ...event, result } });
      }
      case "node_finished":
        gathered.nodes.push(event);
        return hub.emit({ type: "job", event });
      default:
        return hub.emit({ type: "job", event });
    }
  }

  async #settle(job: string, last: LastEvent, gathered: Gathered): Promise<void> {
    const { history, hub, announcer, keeper, receiptFolder } = this.#parts;
    const isGone = last.type === "job_failed" && last.error.code === "ERR_ENGINE_GONE";
    const end = isGone ? await this.#afterLoss(job, last.error, gathered) : last;
    const entry = end === null ? null : history.end(job, outcomeOf(end, gathered));
    announcer.changed();
    if (end === null || entry === null) return;
    hub.emit({ type: "job", event: end });
    hub.emit({ type: "history", entry });
    await removeReceipt(receiptFolder, job);
    // Meanwhile the engine may have been closed: another one is not opened for this.
    if (!this.#closed) await keeper.current().forget?.(job);
  }

  /** How a job ended under which the engine died; null when it is put back for another try. */
  async #afterLoss(job: string, error: ErrorRecord, gathered: Gathered): Promise<LastEvent | null> {
    const { queue, receiptFolder, engineAttempts } = this.#parts;
    const receipt = await readReceipt(receiptFolder, job);
    const finished = receipt?.events.find((event) => event.type === "job_finished");
    if (finished !== undefined) {
      gathered.nodes.splice(0, Infinity, ...finished.nodes);
      return finished;
    }
    if (queue.isCancelled(job)) return { type: "job_cancelled", job };
    if (queue.crashes(job) + 1 >= engineAttempts) return failure(job, error);
    queue.putBack(job, error, true);
    return null;
  }

  /** The database cannot be written: jobs that go on now would be lost. */
  #stand(error: unknown): void {
    if (this.#closed) return;
    this.#parts.hub.emit({
      type: "notice",
      message: `The queue stands still: ${toUmbelError(error).message} It goes on with the next change.`,
    });
  }

  /** Best effort: what cannot be written now is put back at the next start. */
  #restore(job: string): void {
    const { queue, announcer } = this.#parts;
    const message =
      "Expected to write down how the job ended, got a database that cannot be written.";
    try {
      queue.putBack(job, { code: "ERR_FILE", message }, false);
      announcer.changed();
    } catch {
      // Told in the notice already.
    }
  }
}

function slotsOf(keeper: EngineKeeper): number {
  return keeper.current().slots?.() ?? 1;
}

function outcomeOf(end: LastEvent, { results, nodes, device }: Gathered): Outcome {
  const made = { results, nodes, ...(device === undefined ? {} : { device }) };
  switch (end.type) {
    case "job_finished":
      return { ...made, state: "done", peakBytes: end.peakBytes };
    case "job_failed":
      return { ...made, state: "failed", error: end.error, problems: end.problems };
    case "job_cancelled":
      return { ...made, state: "cancelled" };
    default:
      return assertNever(end);
  }
}

function asLast(job: string, event: JobEvent): LastEvent {
  if (
    event.type === "job_finished" ||
    event.type === "job_failed" ||
    event.type === "job_cancelled"
  )
    return event;
  return failure(job, {
    code: "ERR_INTERNAL",
    message: `Expected the end of a job, got ${event.type}.`,
  });
}

function failure(job: string, error: ErrorRecord): Extract<LastEvent, { type: "job_failed" }> {
  return { type: "job_failed", job, error, problems: [] };
}
