/** A worker of bench:queue: sleeps as long as the job says. Argument: address of Redis. */
import { setTimeout as sleep } from "node:timers/promises";
import type { EngineHost } from "#runtime/service/engine-host";
import { connectRedis } from "#runtime/service/redis/connect";
import { RedisWorker } from "#runtime/service/redis/redis-worker";

const gaps: number[] = [];
let ended: number | null = null;

const host: EngineHost = {
  async run(job, document, emit) {
    const started = performance.now();
    if (ended !== null) gaps.push(started - ended);
    emit({ type: "job_started", job, nodes: ["work"] });
    const milliseconds = Number(document.nodes["work"]?.values["milliseconds"]);
    await sleep(milliseconds);
    ended = performance.now();
    return { type: "job_finished", job, seconds: milliseconds / 1000, peakBytes: 0, nodes: [] };
  },
  cancel: () => undefined,
  device: () =>
    Promise.resolve({ name: "null", label: "sleep", totalBytes: 0, freeBytes: 0, note: null }),
  memory: () => Promise.resolve({ usedBytes: 0, totalBytes: 0, held: [] }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

const folder = "none";
const worker = new RedisWorker({
  redis: await connectRedis(process.argv[2] ?? ""),
  host,
  folders: { outputFolder: folder, temporaryFolder: folder },
  receiptFolder: folder,
  reasonAgainst: () => null,
});
await worker.start();
process.send?.("ready");
process.once("message", () => {
  process.send?.(gaps, () => process.exit(0));
});
