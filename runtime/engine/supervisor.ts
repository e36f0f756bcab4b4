/**
 * Runs an engine in a child process and keeps one running: a native crash, a GPU fault or a kill ends the running job
 * with ERR_ENGINE_GONE, and the next job gets a new process.
 */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { UmbelError } from "#runtime/errors";
import type { GraphDocument } from "#runtime/graph/document";
import type { EngineSettings, FromEngine, ToEngine } from "#runtime/protocol/engine-messages";
import type { JobEvent, JobEventSink } from "#runtime/protocol/events";

interface Pending {
  readonly emit: JobEventSink;
  readonly settle: (last: JobEvent) => void;
  last: JobEvent | null;
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

  /** Resolves with the job's last event: job_finished, job_failed or job_cancelled. Never rejects for a job's failure. */
  async run(
    job: string,
    document: GraphDocument,
    emit: JobEventSink,
    targets?: readonly string[],
  ): Promise<JobEvent> {
    const child = await this.#start();
    return new Promise((settle) => {
      this.#jobs.set(job, { emit, settle, last: null });
      this.#post(child, {
        type: "run",
        job,
        document,
        ...(targets === undefined ? {} : { targets }),
      });
    });
  }

  cancel(job: string): void {
    if (this.#child !== null && this.#jobs.has(job))
      this.#post(this.#child, { type: "cancel", job });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    this.#post(child, { type: "stop" });
    const timer = setTimeout(() => child.kill("SIGKILL"), 2000);
    await gone;
    clearTimeout(timer);
  }

  #start(): Promise<ChildProcess> {
    this.#ready ??= new Promise((resolve, reject) => {
      const child = fork(this.#options.entry ?? ENTRY, [JSON.stringify(this.#settings)], {
        serialization: "advanced",
        stdio: ["ignore", "inherit", "inherit", "ipc"],
      });
      this.#child = child;
      child.on("message", (message: FromEngine) => {
        if (message.type === "ready") resolve(child);
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
      pending?.settle(pending.last ?? failed(message.job, "the engine reported nothing"));
    }
  }

  #lost(child: ChildProcess, reason: string, reject: (error: UmbelError) => void): void {
    if (this.#child !== child) return;
    this.#child = null;
    this.#ready = null;
    reject(new UmbelError("ERR_ENGINE_GONE", `Expected the engine process to run, but ${reason}.`));
    for (const [job, pending] of this.#jobs) {
      const event = failed(job, reason);
      pending.emit(event);
      pending.settle(event);
    }
    this.#jobs.clear();
    if (!this.#stopped) this.#options.onRestart?.(reason);
  }
}

function failed(job: string, reason: string): JobEvent {
  const message = `Expected the engine process to finish the job, but ${reason}. A new engine is started for the next job.`;
  return { type: "job_failed", job, error: { code: "ERR_ENGINE_GONE", message }, problems: [] };
}
