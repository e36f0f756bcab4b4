/** A thread that does tasks one after the other and stays for the next; it is ended when a task is not wanted any more. */
import { Worker } from "node:worker_threads";
import { toUmbelError, UmbelError, type ErrorRecord } from "#runtime/errors";
import type { FromThread, TaskName, ThreadTasks, ToThread } from "./thread-tasks.ts";

const ENTRY = new URL(
  `./thread-entry${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`,
  import.meta.url,
);

export class TaskThread implements AsyncDisposable {
  readonly #entry: URL;
  #worker: Worker | null = null;
  #line: Promise<unknown> = Promise.resolve();
  #ended = false;

  constructor(entry: URL = ENTRY) {
    this.#entry = entry;
  }

  /** Throws what the task throws, ERR_INTERRUPTED when the signal ends it, ERR_INTERNAL when the thread dies. */
  run<N extends TaskName>(
    name: N,
    task: ThreadTasks[N]["task"],
    signal: AbortSignal,
  ): Promise<ThreadTasks[N]["result"]> {
    const mine = this.#line.then(() => this.#run({ name, task }, signal));
    this.#line = mine.catch(() => undefined);
    return mine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    await this.#worker?.terminate();
    this.#worker = null;
  }

  async #run<N extends TaskName>(
    message: ToThread<N>,
    signal: AbortSignal,
  ): Promise<ThreadTasks[N]["result"]> {
    if (signal.aborted || this.#ended) throw interrupted();
    const worker = (this.#worker ??= new Worker(this.#entry));
    worker.ref();
    const listening = new AbortController();
    let replied = false;
    try {
      return await new Promise((resolve, reject) => {
        const on = (event: string, listener: (value: unknown) => void): void => {
          worker.on(event, listener);
          listening.signal.addEventListener("abort", () => worker.off(event, listener));
        };
        on("message", (value) => {
          const reply = value as FromThread;
          replied ||= reply.type !== "ready";
          if (reply.type === "result") resolve(reply.result as ThreadTasks[N]["result"]);
          if (reply.type === "error") reject(fromRecord(reply.error));
        });
        on("error", (error) => reject(toUmbelError(error)));
        on("exit", () => reject(this.#ended ? interrupted() : gone()));
        signal.addEventListener("abort", () => reject(interrupted()), listening);
        worker.postMessage(message);
      });
    } finally {
      listening.abort();
      worker.unref();
      // Whatever it is still doing, nobody waits for it.
      if (!replied) await this.#drop(worker);
    }
  }

  async #drop(worker: Worker): Promise<void> {
    if (this.#worker === worker) this.#worker = null;
    await worker.terminate();
  }
}

function fromRecord({ code, message, nodeId }: ErrorRecord): UmbelError {
  return new UmbelError(code, message, nodeId === undefined ? {} : { nodeId });
}

function interrupted(): UmbelError {
  return new UmbelError("ERR_INTERRUPTED", "The work was cancelled.");
}

function gone(): UmbelError {
  return new UmbelError(
    "ERR_INTERNAL",
    "Expected an answer of the thread for long work, got its end.",
  );
}
