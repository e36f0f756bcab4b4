/**
 * Runs an engine in a child process and keeps one running: a native crash, a GPU fault or a kill ends the running job
 * with ERR_ENGINE_GONE, and the next job gets a new process.
 */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { toUmbelError, UmbelError, type ErrorRecord } from "#runtime/errors";
import type { GraphDocument } from "#runtime/graph/document";
import type { EngineSettings, FromEngine, ToEngine } from "#runtime/protocol/engine-messages";
import type { JobEvent, JobEventSink } from "#runtime/protocol/events";

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
  readonly onRestart?: (reason: string) => void;
}

const ENTRY = fileURLToPath(
  new URL(`../worker${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url),
);

export class EngineSupervisor implements AsyncDisposable {
  readonly #settings: EngineSettings;
  readonly #options: SupervisorOptions;
  readonly #jobs = new Map<string, Pending>();
  #child: ChildProcess | null = null;
  #ready: Promise<ChildProcess> | null = null;
  #stopped = false;

  constructor(settings: EngineSettings, options: SupervisorOptions = {}) {
    this.#settings = settings;
    this.#options = options;
  }

  /** Process id of the engine while one runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
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
    if (this.#child !== null && pending.sent) this.#post(this.#child, { type: "cancel", job });
    else this.#end(job, { type: "job_cancelled", job });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    this.#post(child, { type: "stop" });
    const timer = setTimeout(() => child.kill("SIGKILL"), 2000);
    await ended;
    clearTimeout(timer);
  }

  async #send(message: ToEngine & { type: "run" }): Promise<void> {
    try {
      let child = await this.#start();
      // The process may have gone again before its turn comes.
      while (child !== this.#child) child = await this.#start();
      const pending = this.#jobs.get(message.job);
      if (pending === undefined) return;
      pending.sent = true;
      this.#post(child, message);
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

  #start(): Promise<ChildProcess> {
    if (this.#stopped) return Promise.reject(gone("it was stopped"));
    this.#ready ??= new Promise((resolve, reject) => {
      const child = fork(this.#options.entry ?? ENTRY, [JSON.stringify(this.#settings)], {
        serialization: "advanced",
        stdio: ["ignore", "inherit", "inherit", "ipc"],
      });
      this.#child = child;
      child.on("message", (message: FromEngine) => {
        if (message.type === "ready") resolve(child);
        else if (message.type === "unusable") reject(fromRecord(message.error));
        else this.#receive(message);
      });
      child.on("error", (error) => this.#lost(child, error.message, reject));
      child.on("exit", (code, signal) =>
        this.#lost(child, `it ended with ${signal ?? `code ${code}`}`, reject),
      );
    });
    return this.#ready;
  }

  #post(child: ChildProcess, message: ToEngine): void {
    child.send(message, (error) => {
      if (error !== null) this.#lost(child, error.message, () => undefined);
    });
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
    }
  }

  #lost(child: ChildProcess, reason: string, reject: (error: UmbelError) => void): void {
    if (this.#child !== child) return;
    this.#child = null;
    this.#ready = null;
    reject(gone(reason));
    for (const [job, { sent }] of this.#jobs) if (sent) this.#end(job, failed(job, gone(reason)));
    if (!this.#stopped) this.#options.onRestart?.(reason);
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
