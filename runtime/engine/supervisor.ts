/**
 * Runs an engine in a child process and keeps one running: a native crash, a GPU fault or a kill ends the running job
 * with ERR_ENGINE_GONE, and the next job gets a new process.
 */
import { toUmbelError, UmbelError, type ErrorRecord } from "#runtime/errors";
import type { GraphDocument } from "#runtime/graph/document";
import type { EngineSettings, FromEngine, ToEngine } from "#runtime/protocol/engine-messages";
import type { JobEvent, JobEventSink } from "#runtime/protocol/events";
import type { DeviceInfo, MemoryReport } from "#runtime/protocol/service-values";
import {
  ENGINE_ENTRY,
  forkEngine,
  type EngineProcess,
  type StartEngine,
} from "./engine-process.ts";

interface Pending {
  readonly emit: JobEventSink;
  readonly settle: (last: JobEvent) => void;
  last: JobEvent | null;
  /** The engine process knows of it. */
  sent: boolean;
}

export interface SupervisorOptions {
  /** Entry of the engine process. */
  readonly entry?: string;
  /** How its process is started; by default a child process of plain Node. */
  readonly start?: StartEngine;
  readonly onRestart?: (reason: string) => void;
}

interface Running {
  readonly process: EngineProcess;
  readonly device: DeviceInfo;
}

export class EngineSupervisor implements AsyncDisposable {
  readonly #settings: EngineSettings;
  readonly #options: SupervisorOptions;
  readonly #jobs = new Map<string, Pending>();
  readonly #requests = new Map<number, (report: MemoryReport | UmbelError) => void>();
  #process: EngineProcess | null = null;
  #ready: Promise<Running> | null = null;
  #ended: Promise<void> = Promise.resolve();
  /** The process that runs had opened: its end is worth telling, that of one that never worked is an answer. */
  #opened = false;
  #lastRequest = 0;
  #stopped = false;

  constructor(settings: EngineSettings, options: SupervisorOptions = {}) {
    this.#settings = settings;
    this.#options = options;
  }

  /** Process id of the engine while one runs. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /**
   * Resolves with the job's last event: job_finished, job_failed or job_cancelled. Never rejects for a job's failure.
   * Throws ERR_INVALID_ARGUMENT for the name of a job that still runs.
   */
  async run(
    job: string,
    document: GraphDocument,
    emit: JobEventSink,
    targets?: readonly string[],
  ): Promise<JobEvent> {
    if (this.#jobs.has(job)) {
      throw new UmbelError("ERR_INVALID_ARGUMENT", `Expected a new job, got "${job}" again.`);
    }
    return new Promise((settle) => {
      this.#jobs.set(job, { emit, settle, last: null, sent: false });
      void this.#send({ type: "run", job, document, ...(targets && { targets }) });
    });
  }

  cancel(job: string): void {
    const pending = this.#jobs.get(job);
    if (pending === undefined) return;
    if (this.#process !== null && pending.sent) this.#process.post({ type: "cancel", job });
    else this.#end(job, { type: "job_cancelled", job });
  }

  /** The device of the engine, which is started for it. Throws what kept the engine from opening. */
  async device(): Promise<DeviceInfo> {
    return (await this.#start()).device;
  }

  /** What the engine holds; `free` gives up what no running job uses first. Throws ERR_ENGINE_GONE. */
  async memory(free: boolean): Promise<MemoryReport> {
    const { process } = await this.#start();
    const request = ++this.#lastRequest;
    return new Promise((resolve, reject) => {
      this.#requests.set(request, (answer) =>
        answer instanceof UmbelError ? reject(answer) : resolve(answer),
      );
      process.post({ type: "memory", request, free });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    const process = this.#process;
    if (process === null) return;
    process.post({ type: "stop" });
    const timer = setTimeout(() => process.kill(), 2000);
    await this.#ended;
    clearTimeout(timer);
  }

  async #send(message: ToEngine & { type: "run" }): Promise<void> {
    try {
      let { process } = await this.#start();
      // The process may have gone again before its turn comes.
      while (process !== this.#process) ({ process } = await this.#start());
      const pending = this.#jobs.get(message.job);
      if (pending === undefined) return;
      pending.sent = true;
      process.post(message);
    } catch (error) {
      this.#end(message.job, failed(message.job, toUmbelError(error, "ERR_ENGINE_GONE")));
    }
  }

  /** The job's last event, when the engine process cannot give it any more. */
  #end(job: string, event: JobEvent): void {
    const pending = this.#jobs.get(job);
    this.#jobs.delete(job);
    pending?.emit(event);
    pending?.settle(event);
  }

  #start(): Promise<Running> {
    if (this.#stopped) return Promise.reject(gone("it was stopped"));
    this.#ready ??= new Promise((resolve, reject) => {
      const { entry = ENGINE_ENTRY, start = forkEngine } = this.#options;
      const process = this.#launch(start, entry);
      process.onMessage((message) => {
        if (message.type === "ready") {
          this.#opened = true;
          resolve({ process, device: message.device });
        } else if (message.type === "unusable") reject(fromRecord(message.error));
        else this.#receive(message);
      });
      this.#ended = new Promise((ended) =>
        process.onEnd((reason) => {
          ended();
          this.#lost(process, reason, reject);
        }),
      );
    });
    return this.#ready;
  }

  #launch(start: StartEngine, entry: string): EngineProcess {
    try {
      this.#process = start(entry, this.#settings);
      return this.#process;
    } catch (error) {
      // The next job tries again.
      this.#ready = null;
      throw gone(toUmbelError(error).message);
    }
  }

  #receive(message: FromEngine): void {
    if (message.type === "event") {
      const pending = this.#jobs.get(message.event.job);
      if (pending === undefined) return;
      pending.last = message.event;
      pending.emit(message.event);
    } else if (message.type === "done") {
      const pending = this.#jobs.get(message.job);
      this.#jobs.delete(message.job);
      pending?.settle(pending.last ?? failed(message.job, gone("it reported nothing")));
    } else if (message.type === "memory") {
      this.#requests.get(message.request)?.(message.report);
      this.#requests.delete(message.request);
    }
  }

  #lost(process: EngineProcess, reason: string, reject: (error: UmbelError) => void): void {
    if (this.#process !== process) return;
    this.#process = null;
    this.#ready = null;
    reject(gone(reason));
    for (const [job, { sent }] of this.#jobs) if (sent) this.#end(job, failed(job, gone(reason)));
    for (const answer of this.#requests.values()) answer(gone(reason));
    this.#requests.clear();
    if (!this.#stopped && this.#opened) this.#options.onRestart?.(reason);
    this.#opened = false;
  }
}

function gone(reason: string): UmbelError {
  return new UmbelError(
    "ERR_ENGINE_GONE",
    `Expected the engine process to finish the job, but ${reason}. The next job gets a new one.`,
  );
}

function fromRecord({ code, message, nodeId }: ErrorRecord): UmbelError {
  return new UmbelError(code, message, nodeId === undefined ? {} : { nodeId });
}

function failed(job: string, error: UmbelError): JobEvent {
  return { type: "job_failed", job, error: error.toJSON(), problems: [] };
}
