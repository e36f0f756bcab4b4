/**
 * npm run bench:queue [-- --jobs N] [--sleep MS] [--workers 1,2,4]: what the queue costs a job, with simulated workers
 * that sleep instead of computing. Starts a redis-server of its own. The overhead of a job is the time in which its worker
 * had no job, from the end of the one before. Ends with 1 when a bound is missed: 10 ms of overhead at the median, and
 * throughput that grows with the workers to 90 % at least.
 */
import { fork, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parseDocument } from "#runtime/graph/document";
import { openCore } from "#runtime/service/open-core";
import { connectRedis } from "#runtime/service/redis/connect";
import { RedisHost } from "#runtime/service/redis/redis-host";
import { startRedis } from "./redis-process.ts";

const { values } = parseArgs({
  options: {
    jobs: { type: "string", default: "10000" },
    sleep: { type: "string", default: "50" },
    workers: { type: "string", default: "1,2,4" },
  },
});
const jobs = Number(values.jobs);
const sleep = Number(values.sleep);
const document = parseDocument({
  umbel: 1,
  nodes: { work: { type: "Sleep", values: { milliseconds: sleep } } },
  links: [],
});

interface Measured {
  readonly seconds: number;
  /** Milliseconds of processor time that the server took for a job. */
  readonly processor: number;
  /** Milliseconds between two jobs, of all workers. */
  readonly gaps: readonly number[];
}

async function measure(url: string, count: number): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "umbel-bench-"));
  const redis = await connectRedis(url);
  await redis.flushall();
  const core = await openCore({
    version: "bench",
    dataFolder: folder,
    engine: {
      device: "null",
      models: [],
      nodes: [],
      inputFolder: folder,
      outputFolder: folder,
      temporaryFolder: join(folder, "temporary"),
    },
    openHost: (folders, wake) => new RedisHost({ redis, folders, wake }),
    engineAttempts: 1,
  });
  const call = core.handlers;
  await call["queue.pause"]({ paused: true });
  for (let left = jobs; left > 0; left -= 1000)
    await call["queue.add"]({ document, count: Math.min(left, 1000) });
  const workers = await Promise.all(Array.from({ length: count }, () => startWorker(url)));
  let started = 0;
  const before = process.cpuUsage();
  let done = 0;
  const ended = new Promise<void>((resolve) => {
    core.hub.subscribe((event) => {
      if (event.type !== "job") return;
      if (event.event.type === "job_started" && started === 0) started = performance.now();
      if (event.event.type === "job_finished" && ++done === jobs) resolve();
      if (event.event.type === "job_failed") throw new Error(event.event.error.message);
    });
  });
  await call["queue.pause"]({ paused: false });
  await ended;
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const processor = (user + system) / 1000 / jobs;
  const gaps = (await Promise.all(workers.map(gapsOf))).flat();
  await core.close();
  redis.disconnect();
  rmSync(folder, { recursive: true, force: true });
  return { seconds, processor, gaps };
}

async function startWorker(url: string): Promise<ChildProcess> {
  const child = fork(new URL("worker.js", import.meta.url), [url]);
  await new Promise((resolve) => child.once("message", resolve));
  return child;
}

/** Ends the worker. */
function gapsOf(worker: ChildProcess): Promise<number[]> {
  return new Promise((resolve) => {
    worker.once("message", (gaps) => resolve(gaps as number[]));
    worker.send("end");
  });
}

const MOST_OVERHEAD = 10;
const LEAST_GROWTH = 0.9;

const { url, stop } = await startRedis();
try {
  console.log(`${jobs} jobs of ${sleep} ms`);
  console.log(
    "workers   jobs/s   of ideal   against the first   overhead a job, ms: median    95 %   server's processor, ms",
  );
  let first: number | null = null;
  for (const count of values.workers.split(",").map(Number)) {
    const { seconds, processor, gaps } = await measure(url, count);
    const sorted = gaps.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(share * sorted.length)] ?? NaN;
    const rate = jobs / seconds;
    const ideal = (rate * sleep) / (count * 1000);
    first ??= rate / count;
    const growth = rate / (count * first);
    const percent = (part: number): string => `${(100 * part).toFixed(0)} %`;
    console.log(
      [
        String(count).padStart(7),
        rate.toFixed(1).padStart(8),
        percent(ideal).padStart(10),
        percent(growth).padStart(19),
        at(0.5).toFixed(2).padStart(28),
        at(0.95).toFixed(2).padStart(7),
        processor.toFixed(2).padStart(24),
      ].join(" "),
    );
    if (!(at(0.5) <= MOST_OVERHEAD)) missed(`${MOST_OVERHEAD} ms of overhead at the median`);
    if (!(growth >= LEAST_GROWTH)) missed(`${percent(LEAST_GROWTH)} of the first one's throughput`);
  }
} finally {
  stop();
}

function missed(bound: string): void {
  console.log(`        missed: ${bound}`);
  process.exitCode = 1;
}
