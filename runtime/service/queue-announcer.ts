/**
 * Tells listeners what the queue looks like: soon after a change, and at most ten times a second, since many jobs are
 * added or done at once and a state is large.
 */
import { performance } from "node:perf_hooks";
import type { QueueState } from "#runtime/protocol/service-values";
import type { EventHub } from "./event-hub.ts";
import type { JobQueue } from "./job-queue.ts";
import type { ServiceSettings } from "./service-settings.ts";

/** Milliseconds from a change to its event. */
const SOON = 25;
/** Milliseconds between two events. */
const APART = 100;
const SHOWN = 100;

export class QueueAnnouncer {
  readonly #queue: JobQueue;
  readonly #settings: ServiceSettings;
  readonly #hub: EventHub;
  #version = 0;
  #timer: NodeJS.Timeout | null = null;
  #told = -Infinity;

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
    this.#timer ??= setTimeout(() => this.#tell(), Math.max(SOON, this.#wait()));
  }

  /** After a change that should be known before what follows it, unless the last one was told just now. */
  changedNow(): void {
    this.changed();
    if (this.#wait() <= 0) this.#tell();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #wait(): number {
    return this.#told + APART - performance.now();
  }

  #tell(): void {
    this.stop();
    this.#told = performance.now();
    if (this.#hub.isHeard) this.#hub.emit({ type: "queue", state: this.state() });
  }
}
