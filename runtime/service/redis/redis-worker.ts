/**
 * Takes tasks from BullMQ, one at a time, and runs them on an engine. A worker that dies is noticed by its lock, which
 * it does not renew any more; another one then takes its task, and what the engine had finished is not run again.
 */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { DelayedError, Worker, type Job } from "bullmq";
import type { Redis } from "ioredis";
import { readReceipt, removeReceipt } from "#runtime/engine/receipts";
import { UmbelError } from "#runtime/errors";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import type { JobEvent } from "#runtime/protocol/events";
import type { EngineHost } from "#runtime/service/engine-host";
import type { ResultFolders } from "#runtime/service/result-places";
import { anotherConnection } from "./connect.ts";
import {
  CANCEL_CHANNEL,
  cancelKey,
  eventChannel,
  packEvent,
  QUEUE,
  type Task,
  type TaskEvent,
  type TaskOutcome,
} from "./task.ts";
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
  readonly log?: (line: string) => void;
  /** A worker that has not been heard of for so long counts as dead; by default 10 s. */
  readonly lockMilliseconds?: number;
}

/** How often a task may lose its worker before it fails. */
const MOST_LOSSES = 3;
const LOCK_MILLISECONDS = 10_000;
/** Until another worker has had the time to take what this one has left. */
const PASS_ON_MILLISECONDS = 300;

type TaskJob = Job<Task, TaskOutcome>;

export class RedisWorker implements AsyncDisposable {
  readonly id = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  readonly #options: RedisWorkerOptions;
  readonly #subscriber: Redis;
  readonly #taking: Redis;
  #worker: Worker<Task, TaskOutcome> | null = null;
  #listed: AsyncDisposable | null = null;
  #running: { readonly task: string; readonly job: string; ends: boolean } | null = null;
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
    if (this.#running !== null) this.#options.host.cancel(this.#running.job);
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
    if (this.#running?.task !== task) return;
    this.#running.ends = true;
    this.#options.host.cancel(this.#running.job);
  }

  async #take(task: TaskJob, token: string | undefined): Promise<TaskOutcome> {
    const { redis, receiptFolder, log } = this.#options;
    const id = task.id ?? "";
    const { job, targets } = task.data;
    const finished = await readReceipt(receiptFolder, job);
    if (finished !== null) return this.#outcomeOf(finished.events);
    const document = parseDocument(task.data.document as Json);
    const reason = this.#options.reasonAgainst(document);
    if (reason !== null) return this.#passOn(task, token, reason);

    const running = { task: id, job, ends: false };
    this.#running = running;
    try {
      const ended = await redis.exists(cancelKey(id));
      if (ended === 1 || running.ends) return cancelled(job);
      log?.(`runs ${job}`);
      return await this.#run(id, job, document, targets, () => this.#putBack(task, token, 0));
    } finally {
      this.#running = null;
    }
  }

  async #run(
    id: string,
    job: string,
    document: GraphDocument,
    targets: readonly string[] | undefined,
    putBack: () => Promise<never>,
  ): Promise<TaskOutcome> {
    const { redis, host, folders } = this.#options;
    const results: JobEvent[] = [];
    let count = 0;
    const emit = (event: JobEvent): void => {
      if (isLast(event)) return;
      const packed = packEvent(event, folders);
      if (packed.type === "node_result") results.push(packed);
      const message: TaskEvent = { n: count++, event: packed };
      void redis.publish(eventChannel(id), JSON.stringify(message)).catch(() => undefined);
    };
    const last = await host.run(job, document, emit, targets);
    if (this.#givesBack && last.type === "job_cancelled") return putBack();
    // BullMQ tries it again, here or elsewhere.
    if (last.type === "job_failed" && last.error.code === "ERR_ENGINE_GONE")
      throw new UmbelError("ERR_ENGINE_GONE", last.error.message);
    return { last, count, results };
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

  /** Of a job that was finished by a worker that died before it could say so. */
  #outcomeOf(events: readonly JobEvent[]): TaskOutcome {
    const results = events
      .filter(({ type }) => type === "node_result")
      .map((event) => packEvent(event, this.#options.folders));
    const last = events.find(({ type }) => type === "job_finished");
    if (last === undefined) throw new UmbelError("ERR_INTERNAL", "Expected a receipt with an end.");
    return { last, count: 0, results };
  }
}

function cancelled(job: string): TaskOutcome {
  return { last: { type: "job_cancelled", job }, count: 0, results: [] };
}

function isLast({ type }: JobEvent): boolean {
  return type === "job_finished" || type === "job_failed" || type === "job_cancelled";
}
