/** The engine as the service sees it: EngineSupervisor, or a stand-in of a test. */
import type { GraphDocument } from "#runtime/graph/document";
import type { JobEvent, JobEventSink } from "#runtime/protocol/events";
import type { DeviceInfo, MemoryReport } from "#runtime/protocol/service-values";

export interface EngineHost extends AsyncDisposable {
  /** Resolves with the job's last event; ERR_ENGINE_GONE in it when the engine died. */
  run(
    job: string,
    document: GraphDocument,
    emit: JobEventSink,
    targets?: readonly string[],
  ): Promise<JobEvent>;
  cancel(job: string): void;
  device(): Promise<DeviceInfo>;
  memory(free: boolean): Promise<MemoryReport>;
  /** Jobs that it takes at once; absent: one. */
  slots?(): number;
  /** The job's end stands in the database. */
  forget?(job: string): Promise<void>;
}

/** What the history calls the device of an engine: times are compared on equal ones. */
export async function nameDevice(host: EngineHost): Promise<string> {
  const { name, label } = await host.device();
  return `${name} ${label}`;
}

/** Keeps one engine, and makes another when its settings have changed and no job runs on it. */
export class EngineKeeper implements AsyncDisposable {
  readonly #make: () => EngineHost;
  #host: EngineHost | null = null;
  #outdated = false;
  #jobs = 0;

  constructor(make: () => EngineHost) {
    this.#make = make;
  }

  /** The engine as it is, made when there is none. */
  current(): EngineHost {
    this.#host ??= this.#make();
    return this.#host;
  }

  /** An engine with the newest settings, which stays until the returned handle is disposed. */
  async hold(): Promise<{ readonly host: EngineHost } & Disposable> {
    if (this.#outdated && this.#jobs === 0) await this.#drop();
    const host = this.current();
    this.#jobs++;
    return { host, [Symbol.dispose]: () => void this.#jobs-- };
  }

  /** The settings have changed: the next job gets an engine of its own. */
  async renew(): Promise<void> {
    this.#outdated = true;
    if (this.#jobs === 0) await this.#drop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#drop();
  }

  async #drop(): Promise<void> {
    const host = this.#host;
    this.#host = null;
    this.#outdated = false;
    await host?.[Symbol.asyncDispose]();
  }
}
