/**
 * An engine that is many: jobs go to BullMQ, where workers take them, and their events come back. A job has one task
 * for all its life, so that a server that starts again finds what workers made in the meantime.
 */
import { Queue, QueueEvents } from "bullmq";
import type { Redis } from "ioredis";
import { UmbelError } from "#runtime/errors";
import type { GraphDocument } from "#runtime/graph/document";
import type { JobEvent, JobEventSink } from "#runtime/protocol/events";
import type { DeviceInfo, MemoryReport } from "#runtime/protocol/service-values";
import type { EngineHost } from "#runtime/service/engine-host";
import type { ResultFolders } from "#runtime/service/result-places";
import { receiptKey, type ResultStorage } from "#runtime/service/storage/result-storage";
import { anotherConnection } from "./connect.ts";
import {
  CANCEL_CHANNEL,
  cancelKey,
  eventChannel,
  QUEUE,
  taskId,
  unpackEvent,
  type Task,
  type TaskEvent,
  type TaskOutcome,
} from "./task.ts";
import { listWorkers } from "./worker-list.ts";

export interface RedisHostOptions {
  /** Its address is used; it stays the caller's. */
  readonly redis: Redis;
  /** Shared with the workers. */
  readonly folders: ResultFolders;
  /** Where workers bring results to; absent: into the folders. */
  readonly storage?: ResultStorage | undefined;
  /** There are more workers than before. */
  readonly wake: () => void;
}

interface Pending {
  readonly job: string;
  readonly emit: JobEventSink;
  readonly settle: (last: JobEvent) => void;
  /** Events of the run so far. */
  seen: number;
  results: number;
  changed: () => void;
}

const WEEK_SECONDS = 7 * 86_400;
/** Tries of a task whose worker's engine died; a worker that died itself counts by BullMQ's own rule. */
const ATTEMPTS = 2;
const POLL_MILLISECONDS = 1000;
/** Ends are told by Redis' stream; those that it did not tell are looked for this often. */
const CHECK_EVERY = 5;
/** Milliseconds that the last events may take longer than the end. */
const PATIENCE = 500;

export class RedisHost implements EngineHost {
  readonly #redis: Redis;
  readonly #options: RedisHostOptions;
  readonly #subscriber: Redis;
  readonly #stream: Redis;
  readonly #listens: Promise<unknown>;
  readonly #queue: Queue<Task, TaskOutcome>;
  readonly #ends: QueueEvents;
  readonly #pending = new Map<string, Pending>();
  readonly #timer: NodeJS.Timeout;
  #workers: Awaited<ReturnType<typeof listWorkers>> = [];
  #polls = 0;

  constructor(options: RedisHostOptions) {
    const { redis } = options;
    this.#redis = anotherConnection(redis);
    this.#options = options;
    this.#subscriber = anotherConnection(redis);
    this.#stream = anotherConnection(redis);
    this.#subscriber.on("pmessage", (_pattern, channel, text) => this.#receive(channel, text));
    this.#listens = this.#subscriber.psubscribe(eventChannel("*"));
    this.#listens.catch(() => undefined);
    this.#queue = new Queue(QUEUE, { connection: this.#redis });
    this.#ends = new QueueEvents(QUEUE, { connection: this.#stream });
    this.#queue.on("error", () => undefined);
    this.#ends.on("error", () => undefined);
    this.#ends.on("completed", ({ jobId, returnvalue }) => {
      void this.#finish(jobId, returnvalue as unknown as TaskOutcome);
    });
    this.#ends.on("failed", ({ jobId, failedReason }) => void this.#fail(jobId, failedReason));
    this.#timer = setInterval(() => void this.#poll().catch(() => undefined), POLL_MILLISECONDS);
    void this.#poll().catch(() => undefined);
  }

  /** Each worker has one job and the next one at hand. */
  slots(): number {
    return Math.max(2, 2 * this.#workers.length);
  }

  async run(
    job: string,
    document: GraphDocument,
    emit: JobEventSink,
    targets?: readonly string[],
  ): Promise<JobEvent> {
    const id = taskId(job);
    const ended = new Promise<JobEvent>((settle) => {
      this.#pending.set(id, { job, emit, settle, seen: 0, results: 0, changed: () => undefined });
    });
    try {
      await this.#put(id, job, document, targets);
    } catch (error) {
      this.#pending.delete(id);
      throw error;
    }
    return ended;
  }

  async #put(
    id: string,
    job: string,
    document: GraphDocument,
    targets: readonly string[] | undefined,
  ): Promise<void> {
    await Promise.all([this.#listens, this.#ends.waitUntilReady()]);
    const task: Task = { job, document, refused: {}, ...(targets && { targets }) };
    await this.#queue.add("run", task, {
      jobId: id,
      attempts: ATTEMPTS,
      removeOnComplete: { age: WEEK_SECONDS },
      removeOnFail: { age: WEEK_SECONDS },
    });
  }

  cancel(job: string): void {
    void this.#cancel(taskId(job)).catch(() => undefined);
  }

  async device(): Promise<DeviceInfo> {
    const workers = await listWorkers(this.#redis);
    const sum = (of: "totalBytes" | "freeBytes") =>
      workers.reduce((total, { facts }) => total + facts[of], 0);
    const labels = [...new Set(workers.map(({ facts }) => facts.label))].toSorted();
    return {
      name: "workers",
      label: `${workers.length} worker(s): ${labels.join(", ") || "none"}`,
      totalBytes: sum("totalBytes"),
      freeBytes: sum("freeBytes"),
      note: workers.length > 0 ? null : "No worker is there. Start one with umbel worker.",
    };
  }

  memory(): Promise<MemoryReport> {
    return Promise.resolve({ usedBytes: 0, totalBytes: 0, held: [] });
  }

  async forget(job: string): Promise<void> {
    const id = taskId(job);
    await this.#redis.del(cancelKey(id));
    await this.#queue.remove(id);
    // Nobody waits for it: what is left of it when the storage is away takes a few bytes.
    void this.#options.storage?.remove(receiptKey(job)).catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    for (const id of this.#pending.keys()) this.#end(id, gone("the server was stopped"));
    await this.#ends.close();
    await this.#queue.close();
    for (const connection of [this.#subscriber, this.#stream, this.#redis]) connection.disconnect();
  }

  async #cancel(id: string): Promise<void> {
    await this.#redis.set(cancelKey(id), "1", "EX", WEEK_SECONDS);
    // A task that no worker has is gone with this; a running one is locked and hears of it.
    if ((await this.#queue.remove(id)) === 1)
      this.#endAs(id, (job) => ({ type: "job_cancelled", job }));
    else await this.#redis.publish(CANCEL_CHANNEL, id);
  }

  #receive(channel: string, text: string): void {
    const id = channel.slice(eventChannel("").length);
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    const { n, event } = JSON.parse(text) as TaskEvent;
    // Another try begins anew.
    if (n === 0) pending.seen = pending.results = 0;
    pending.seen++;
    if (event.type === "node_result") pending.results++;
    pending.emit(unpackEvent(event, this.#options.folders));
    pending.changed();
  }

  async #finish(id: string, outcome: TaskOutcome): Promise<void> {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, PATIENCE);
      pending.changed = () => {
        if (pending.seen < outcome.count) return;
        clearTimeout(timer);
        resolve();
      };
      pending.changed();
    });
    for (const event of outcome.results.slice(pending.results))
      pending.emit(unpackEvent(event, this.#options.folders));
    pending.emit(outcome.last);
    this.#end(id, outcome.last);
  }

  async #fail(id: string, reason: string): Promise<void> {
    if (!this.#pending.has(id)) return;
    await this.#queue.remove(id);
    this.#end(id, gone(reason));
  }

  #endAs(id: string, last: (job: string) => JobEvent): void {
    const pending = this.#pending.get(id);
    if (pending !== undefined) this.#end(id, last(pending.job));
  }

  #end(id: string, last: JobEvent | UmbelError): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    const { job } = pending;
    pending.settle(
      last instanceof UmbelError
        ? { type: "job_failed", job, error: last.toJSON(), problems: [] }
        : last,
    );
  }

  async #poll(): Promise<void> {
    const before = this.#workers.length;
    this.#workers = await listWorkers(this.#redis);
    if (this.#workers.length > before) this.#options.wake();
    if (this.#polls++ % CHECK_EVERY !== 0) return;
    for (const id of this.#pending.keys()) await this.#check(id);
  }

  /** For an end that was told while nobody listened. */
  async #check(id: string): Promise<void> {
    const task = await this.#queue.getJob(id);
    if (task === undefined) return;
    const state = await task.getState();
    if (state === "completed") await this.#finish(id, task.returnvalue);
    else if (state === "failed") await this.#fail(id, task.failedReason);
  }
}

function gone(reason: string): UmbelError {
  return new UmbelError(
    "ERR_ENGINE_GONE",
    `Expected a worker to finish the job, but ${reason}. Look at the workers' output, then add the job again.`,
  );
}
