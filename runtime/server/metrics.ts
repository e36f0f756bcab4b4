/** Figures for Prometheus. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import type { ServiceEvent } from "#runtime/protocol/service-events";

export class Metrics {
  readonly registry = new Registry();
  readonly #ended = new Counter({
    name: "umbel_jobs_total",
    help: "Jobs that ended, by how.",
    labelNames: ["state"],
    registers: [this.registry],
  });
  readonly #seconds = new Histogram({
    name: "umbel_job_seconds",
    help: "Seconds from start to end of a job that succeeded.",
    buckets: [0.1, 1, 5, 10, 30, 60, 300, 1800, 7200],
    registers: [this.registry],
  });
  readonly #queued = new Gauge({
    name: "umbel_queue_jobs",
    help: "Jobs in the queue.",
    labelNames: ["state"],
    registers: [this.registry],
  });
  readonly #restarts = new Counter({
    name: "umbel_engine_restarts_total",
    help: "Times that the engine process ended and was started again.",
    registers: [this.registry],
  });

  constructor(sockets: () => number) {
    collectDefaultMetrics({ register: this.registry });
    new Gauge({
      name: "umbel_sockets",
      help: "Connected WebSocket clients.",
      registers: [this.registry],
      collect() {
        this.set(sockets());
      },
    });
  }

  /** For subscribe() of the service. */
  readonly receive = (event: ServiceEvent): void => {
    if (event.type === "queue") {
      this.#queued.set({ state: "running" }, event.state.running.length);
      this.#queued.set({ state: "waiting" }, event.state.waitingCount);
    } else if (event.type === "history") {
      const { state, started, ended } = event.entry;
      this.#ended.inc({ state });
      if (state === "done" && started !== null && ended !== null)
        this.#seconds.observe((ended - started) / 1000);
    } else if (event.type === "engine_restarted") this.#restarts.inc();
  };
}
