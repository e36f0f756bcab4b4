/**
 * Takes tasks from BullMQ, one at a time, and runs them on an engine. A worker that dies is noticed by its lock, which
 * it does not renew any more; another one then takes its task, and what the engine had finished is not run again.
 */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { DelayedError, Worker, type Job } from "bullmq";
import type { Redis } from "ioredis";
import { readReceipt, removeReceipt } from "#runtime/engine/receipts";
import { toUmbelError, UmbelError } from "#runtime/errors";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import type { JobEvent } from "#runtime/protocol/events";
import type { EngineHost } from "#runtime/service/engine-host";
import type { ResultFolders } from "#runtime/service/result-places";
import { persist, type Persistence } from "#runtime/service/storage/persist";
import { receiptKey, type ResultStorage } from "#runtime/service/storage/result-storage";
import { anotherConnection } from "./connect.ts";
import {
  CANCEL_CHANNEL,
  cancelKey,
  eventChannel,
  isLast,
  QUEUE,
  type Task,
  type TaskOutcome,
} from "./task.ts";
import { TaskEvents } from "./task-events.ts";
import { announceWorker, listWorkers } from "./worker-list.ts";

export interface RedisWorkerOptions {
  readonly redis: Redis;
  readonly host: EngineHost;
  /** Shared with the server. */
  readonly folders: ResultFolders;
  /** Where the engine notes finished jobs; shared by all workers. */
  readonly receiptFolder: string;
  /** Why a graph is better run elsewhere; null when it can run here. */
  readonly reasonAgainst: (document: GraphDocument) => string | null;
  /** Results are brought there; absent: the server sees them in the folders. */
  readonly storage?: ResultStorage | undefined;
  /** Milliseconds for which a storage that cannot be used is tried again; by default ten minutes. */
  readonly storagePatience?: number;
  readonly log?: (line: string) => void;
  /** A worker that has not been heard of for so long counts as dead; by default 10 s. */
  readonly lockMilliseconds?: number;
}

/** How often a task may lose its worker before it fails. */
const MOST_LOSSES = 3;
const LOCK_MILLISECONDS = 10_000;
/** Until another worker has had the time to take what this one has left. */
const PASS_ON_MILLISECONDS = 300;
const STORAGE_PATIENCE = 600_000;

type TaskJob = Job<Task, TaskOutcome>;

interface Running {
  readonly task: string;
  readonly job: string;
  /** Aborted when somebody wants the task to end. */
  readonly stop: AbortController;
}

export class RedisWorker implements AsyncDisposable {
  readonly id = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  readonly #options: RedisWorkerOptions;
  readonly #subscriber: Redis;
  readonly #taking: Redis;
  #worker: Worker<Task, TaskOutcome> | null = null;
  #listed: AsyncDisposable | null = null;
  #running: Running | null = null;
  #givesBack = false;

  constructor(options: RedisWorkerOptions) {
    this.#options = options;
    this.#subscriber = anotherConnection(options.redis);
    this.#taking = anotherConnection(options.redis);
    this.#subscriber.on("message", (_, task) => this.#cancel(task));
  }

  /** Throws what keeps the engine from opening. */
  async start(): Promise<void> {
    const { redis, host, lockMilliseconds = LOCK_MILLISECONDS, log } = this.#options;
    const { label, totalBytes, freeBytes } = await host.device();
    await this.#subscriber.subscribe(CANCEL_CHANNEL);
    this.#listed = await announceWorker(redis, this.id, { label, totalBytes, freeBytes });
    this.#worker = new Worker<Task, TaskOutcome>(QUEUE, (job, token) => this.#take(job, token), {
      connection: this.#taking,
      name: this.id,
      lockDuration: lockMilliseconds,
      stalledInterval: lockMilliseconds / 2,
      maxStalledCount: MOST_LOSSES - 1,
    });
    this.#worker.on("error", (error) => log?.(`Redis: ${error.message}`));
    // Another worker has it by now, or soon: two at one task help nobody.
    this.#worker.on("lockRenewalFailed", (tasks) => tasks.forEach((task) => this.#cancel(task)));
    this.#worker.on("completed", (job) => {
      void removeReceipt(this.#options.receiptFolder, job.data.job).catch(() => undefined);
    });
  }

  /** Takes no more, and gives the running task back for another worker. */
  async giveBack(): Promise<void> {
    this.#givesBack = true;
    this.#end();
    await this.close();
  }

  /** Takes no more and waits for the end of the running task. */
  async close(): Promise<void> {
    await this.#worker?.close();
    await this.#listed?.[Symbol.asyncDispose]();
    this.#listed = null;
    this.#subscriber.disconnect();
    this.#taking.disconnect();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #cancel(task: string): void {
    if (this.#running?.task === task) this.#end();
  }

  #end(): void {
    if (this.#running === null) return;
    this.#running.stop.abort();
    this.#options.host.cancel(this.#running.job);
  }

  async #take(task: TaskJob, token: string | undefined): Promise<TaskOutcome> {
    const running: Running = {
      task: task.id ?? "",
      job: task.data.job,
      stop: new AbortController(),
    };
    this.#running = running;
    try {
      const outcome = await this.#work(task, token, running);
      if (this.#givesBack && outcome.last.type === "job_cancelled")
        return await this.#putBack(task, token, 0);
      return outcome;
    } finally {
      this.#running = null;
    }
  }

  async #work(task: TaskJob, token: string | undefined, running: Running): Promise<TaskOutcome> {
    const { redis, host, receiptFolder, storage, log } = this.#options;
    const { job, targets } = task.data;
    const [finished, ends] = await Promise.all([
      readReceipt(receiptFolder, job),
      redis.exists(cancelKey(running.task)),
    ]);
    if (storage !== undefined && task.attemptsStarted > 1) {
      // By a worker that died when it had delivered all.
      const persistence = this.#persistence(running);
      const stored = await persist(() => storage.getText(receiptKey(job)), persistence);
      if (stored !== null) return JSON.parse(stored) as TaskOutcome;
    }
    const events = this.#eventsOf(running);
    if (finished !== null) {
      // By a worker that died before it could say so.
      for (const event of finished.events) events.emit(event);
      return this.#finish(running, events, finished.events.find(isLast));
    }
    if (ends === 1 || running.stop.signal.aborted) return cancelled(job);
    const document = parseDocument(task.data.document as Json);
    const reason = this.#options.reasonAgainst(document);
    if (reason !== null) return this.#passOn(task, token, reason);
    log?.(`runs ${job}`);
    const last = await host.run(job, document, events.emit, targets);
    // BullMQ tries it again, here or elsewhere.
    if (last.type === "job_failed" && last.error.code === "ERR_ENGINE_GONE")
      throw new UmbelError("ERR_ENGINE_GONE", last.error.message);
    return this.#finish(running, events, last);
  }

  #eventsOf(running: Running): TaskEvents {
    const { redis, folders, storage = null } = this.#options;
    return new TaskEvents({
      job: running.job,
      folders,
      publish: (message) => {
        const text = JSON.stringify(message);
        void redis.publish(eventChannel(running.task), text).catch(() => undefined);
      },
      storage,
      persistence: this.#persistence(running),
    });
  }

  #persistence({ stop }: Running): Persistence {
    const { storagePatience = STORAGE_PATIENCE, log } = this.#options;
    const tell = (reason: string): void => log?.(`${reason} Tries again.`);
    return { signal: stop.signal, patience: storagePatience, tell };
  }

  async #finish(
    { job }: Running,
    events: TaskEvents,
    last: JobEvent | undefined,
  ): Promise<TaskOutcome> {
    if (last === undefined) throw new UmbelError("ERR_INTERNAL", "Expected a receipt with an end.");
    try {
      return await events.end(last);
    } catch (cause) {
      const { code, message } = toUmbelError(cause);
      if (code === "ERR_INTERRUPTED") return cancelled(job);
      const kept = `The results are in ${this.#options.folders.outputFolder} of ${this.id}.`;
      const error = { code, message: `${message} ${kept}` };
      return { ...events.told, last: { type: "job_failed", job, error, problems: [] } };
    }
  }

  /** Leaves a task to the others; without any that could take it, it fails with everyone's reason. */
  async #passOn(task: TaskJob, token: string | undefined, reason: string): Promise<TaskOutcome> {
    const { redis, log } = this.#options;
    const refused = { ...task.data.refused, [this.id]: reason };
    const workers = await listWorkers(redis);
    const { job } = task.data;
    if (workers.every(({ id }) => id in refused)) {
      const reasons = [...new Set(workers.map(({ id }) => refused[id] ?? ""))];
      const message = `Expected a worker that can run this graph, got none of ${workers.length}: ${reasons.join(" ")}`;
      const error = { code: "ERR_VALIDATION", message } as const;
      return { last: { type: "job_failed", job, error, problems: [] }, count: 0, results: [] };
    }
    log?.(`leaves ${job} to others: ${reason}`);
    await task.updateData({ ...task.data, refused });
    return this.#putBack(task, token, PASS_ON_MILLISECONDS);
  }

  async #putBack(task: TaskJob, token: string | undefined, delay: number): Promise<never> {
    await task.moveToDelayed(Date.now() + delay, token);
    throw new DelayedError();
  }
}

function cancelled(job: string): TaskOutcome {
  return { last: { type: "job_cancelled", job }, count: 0, results: [] };
}
