/** Workers with the fake engine as processes of their own, and a service that leaves its jobs to them. */
import { fork, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { afterEach, expect, vi } from "vitest";
import { connectRedis } from "#runtime/service/redis/connect";
import { sharedFolders } from "#runtime/service/redis/shared-folders";
import { RedisHost } from "#runtime/service/redis/redis-host";
import type { ResultStorage } from "#runtime/service/storage/result-storage";
import { fakeService, fakeSettings, type FakeService } from "./fake-service.ts";
import { ROOT } from "./umbel-process.ts";

const PROGRAM = join(ROOT, "test/fixtures/service/worker-process.js");

const workers = new Set<ChildProcess>();
afterEach(() => {
  for (const worker of workers) worker.kill("SIGKILL");
  workers.clear();
});

export interface WorkerParts {
  /** What it has. */
  readonly has?: string;
  /** The address of its storage. */
  readonly storage?: string;
}

/** A worker process that has said that it takes jobs. */
export async function startWorker(
  url: string,
  folder: string,
  { has = "nothing", storage }: WorkerParts = {},
): Promise<ChildProcess> {
  const parts = storage === undefined ? [] : [storage];
  const child = fork(PROGRAM, [url, folder, has, ...parts], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  workers.add(child);
  await new Promise((resolve) => child.once("message", resolve));
  return child;
}

export async function endWorker(worker: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  workers.delete(worker);
  const ended = new Promise((resolve) => worker.once("exit", resolve));
  worker.kill(signal);
  await ended;
}

/** A service over what is in Redis; `fresh` empties that first. */
export async function workedService(
  url: string,
  folder: string,
  { fresh, storage }: { readonly fresh: boolean; readonly storage?: ResultStorage },
): Promise<FakeService> {
  const redis = await connectRedis(url);
  if (fresh) await redis.flushall();
  return fakeService(folder, {
    engine: sharedFolders(fakeSettings(folder)),
    openHost: (folders, wake) => new RedisHost({ redis, folders, storage, wake }),
    engineAttempts: 1,
    storage,
  });
}

/** Resolves when a worker has begun with the job's node. */
export function begun({ events }: FakeService, job: string): Promise<void> {
  return vi.waitFor(
    () =>
      expect(
        events.some(
          (e) => e.type === "job" && e.event.job === job && e.event.type === "node_started",
        ),
      ).toBe(true),
    15_000,
  );
}
