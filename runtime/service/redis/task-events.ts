/** The events of one run on their way to the server, in order. A result is told when the server can have its file. */
import type { JobEvent } from "#runtime/protocol/events";
import type { ResultFolders } from "#runtime/service/result-places";
import { persist, type Persistence } from "#runtime/service/storage/persist";
import {
  jobFolder,
  receiptKey,
  resultKey,
  type ResultStorage,
} from "#runtime/service/storage/result-storage";
import { isLast, packEvent, type TaskEvent, type TaskOutcome } from "./task.ts";

export interface TaskEventsOptions {
  readonly job: string;
  readonly folders: ResultFolders;
  readonly publish: (message: TaskEvent) => void;
  /** Null: the server sees the folders. */
  readonly storage: ResultStorage | null;
  readonly persistence: Persistence;
}

export class TaskEvents {
  readonly #options: TaskEventsOptions;
  readonly #results: JobEvent[] = [];
  #count = 0;
  #line: Promise<void> = Promise.resolve();

  constructor(options: TaskEventsOptions) {
    this.#options = options;
  }

  /** All but the last, which goes to `end`. */
  readonly emit = (event: JobEvent): void => {
    if (isLast(event)) return;
    const { storage, folders } = this.#options;
    if (storage === null) {
      this.#tell(packEvent(event, folders));
      return;
    }
    this.#line = this.#line.then(async () => this.#tell(await this.#store(event, storage)));
    // What went wrong is found by `end`; what came after it is not told.
    this.#line.catch(() => undefined);
  };

  /** What the server has been told so far. */
  get told(): Pick<TaskOutcome, "count" | "results"> {
    return { count: this.#count, results: [...this.#results] };
  }

  /** When all results are where they belong. Throws ERR_STORAGE, ERR_FILE, ERR_INTERRUPTED. */
  async end(last: JobEvent): Promise<TaskOutcome> {
    const { storage, persistence, job } = this.#options;
    if (storage === null || last.type !== "job_finished") {
      await this.#line.catch(() => undefined);
      return { last, ...this.told };
    }
    await this.#line;
    // Whoever gets the task next, because this worker dies now, finds that there is nothing left to do.
    const kept: TaskOutcome = { last, count: 0, results: this.#results };
    await persist(() => storage.putText(receiptKey(job), JSON.stringify(kept)), persistence);
    return { last, ...this.told };
  }

  #tell(event: JobEvent): void {
    if (event.type === "node_result") this.#results.push(event);
    this.#options.publish({ n: this.#count++, event });
  }

  async #store(event: JobEvent, storage: ResultStorage): Promise<JobEvent> {
    const { folders, persistence, job } = this.#options;
    const packed = packEvent(event, folders);
    if (event.type !== "node_result" || !("path" in event.result)) return packed;
    if (packed.type !== "node_result" || !("path" in packed.result)) return packed;
    const path = `${jobFolder(job)}/${packed.result.path}`;
    const key = resultKey({ place: event.result.temporary ? "temporary" : "output", path });
    const file = event.result.path;
    await persist(() => storage.put(key, file, persistence.signal), persistence);
    return { ...packed, result: { ...packed.result, path } };
  }
}
