/** Tells listeners what the queue looks like, at most every few milliseconds: a thousand jobs are added at once. */
import type { QueueState } from "#runtime/protocol/service-values";
import type { EventHub } from "./event-hub.ts";
import type { JobQueue } from "./job-queue.ts";
import type { ServiceSettings } from "./service-settings.ts";

const INTERVAL_MILLISECONDS = 25;
const SHOWN = 100;

export class QueueAnnouncer {
  readonly #queue: JobQueue;
  readonly #settings: ServiceSettings;
  readonly #hub: EventHub;
  #version = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(queue: JobQueue, settings: ServiceSettings, hub: EventHub) {
    this.#queue = queue;
    this.#settings = settings;
    this.#hub = hub;
  }

  state(offset = 0, limit = SHOWN): QueueState {
    return {
      version: this.#version,
      paused: this.#settings.paused,
      running: this.#queue.running(),
      waiting: this.#queue.waiting(offset, limit),
      waitingCount: this.#queue.waitingCount(),
    };
  }

  /** After each change of the queue. */
  changed(): void {
    this.#version++;
    this.#timer ??= setTimeout(() => this.flush(), INTERVAL_MILLISECONDS);
  }

  /** Tells at once what has changed, if anything has. */
  flush(): void {
    if (this.#timer === null) return;
    this.stop();
    this.#hub.emit({ type: "queue", state: this.state() });
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
