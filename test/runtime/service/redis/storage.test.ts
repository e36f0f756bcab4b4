/** Workers that share no folder with the server bring their results to a storage. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { openStorage } from "#runtime/service/storage/open-storage";
import { receiptKey } from "#runtime/service/storage/result-storage";
import { finishedJobs, type FakeService, type Work } from "../../../helpers/fake-service.ts";
import { hasRedis, startRedis } from "../../../helpers/redis-server.ts";
import { S3_KEYS, startS3, type S3Server } from "../../../helpers/s3-server.ts";
import { scratchFolder } from "../../../helpers/umbel-process.ts";
import { begun, endWorker, startWorker, workedService } from "../../../helpers/worker-process.ts";

let url = "";
let s3: S3Server;
let f: FakeService;
beforeAll(async () => {
  if (hasRedis) url = await startRedis();
});
beforeEach(async () => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", S3_KEYS.id);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", S3_KEYS.secret);
  vi.stubEnv("AWS_MAX_ATTEMPTS", "1");
  s3 = await startS3();
  const storage = await openStorage(s3.storage("team"));
  if (hasRedis) f = await workedService(url, scratchFolder(), { fresh: true, storage });
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** A worker with folders of its own. */
async function worker() {
  const folder = scratchFolder();
  const child = await startWorker(url, folder, { storage: s3.storage("team") });
  const output = join(folder, "output");
  return {
    child,
    finished: () => finishedJobs(output),
    has: (job: string) => existsSync(join(output, "clips", `${job}.png`)),
  };
}

const stored = (job: string) => s3.objects.get(`team/${job}/clips/${job}.png`)?.toString();
const running = async () => (await f.call("queue.state", {})).running.map(({ job }) => job);

/** A job whose worker has made the result and cannot deliver it. */
async function stuck(at: Awaited<ReturnType<typeof worker>>, work: Work = {}): Promise<string> {
  const job = await f.add({ milliseconds: 300, ...work });
  await begun(f, job);
  await s3.stop();
  await vi.waitFor(() => expect(at.finished()).toContain(job), 15_000);
  return job;
}

describe.skipIf(!hasRedis)("results in a storage", { timeout: 60_000 }, () => {
  it("are told when they are there, and fetched when somebody asks", async () => {
    await worker();
    const job = await f.add({ seed: 3 });
    expect(await f.ended(job)).toMatchObject({
      state: "done",
      results: [{ place: "output", path: `${job}/clips/${job}.png` }],
      shown: [{ value: { text: "seed 3" } }],
    });
    expect(stored(job)).toBe(`picture of ${job}`);
    const types = f.events.flatMap((e) => (e.type === "job" ? [e.event.type] : []));
    expect(types).toEqual([
      "job_started",
      "node_started",
      "node_result",
      "node_result",
      "node_finished",
      "job_finished",
    ]);
    const file = { place: "output", path: `${job}/clips/${job}.png` } as const;
    const paths = await Promise.all([f.service.findFile(file), f.service.findFile(file)]);
    expect(paths.map((path) => readFileSync(path, "utf8"))).toEqual(
      Array(2).fill(`picture of ${job}`),
    );
    // Once, and not for names that no result has.
    for (const path of ["../x", `.umbel/receipts/x.json`, "none.png", file.path])
      await f.service.findFile({ place: "output", path }).catch(() => undefined);
    expect(s3.requests.filter((line) => /^GET .*png$/.test(line))).toEqual([
      `GET team/${file.path}`,
      "GET team/none.png",
    ]);
    await vi.waitFor(() =>
      expect([...s3.objects.keys()]).toEqual([`team/${job}/clips/${job}.png`]),
    );
  });

  it("wait for a storage that is away", async () => {
    const one = await worker();
    const job = await stuck(one);
    expect(await running()).toEqual([job]);
    await s3.start();
    expect((await f.ended(job)).state).toBe("done");
    expect(stored(job)).toBe(`picture of ${job}`);
    expect(one.finished()).toEqual([job]);
  });

  it("stay with the worker when the storage stays away, and the job says so", async () => {
    const one = await worker();
    const job = await stuck(one);
    const { state, error } = await f.ended(job);
    expect([state, error?.code]).toEqual(["failed", "ERR_STORAGE"]);
    expect(error?.message).toMatch(/ECONNREFUSED.*The results are in .* of /);
    expect(one.has(job)).toBe(true);
    await s3.start();
    expect((await f.ended(await f.add())).state).toBe("done");
  });

  it("are made again by another worker when theirs dies before it could deliver", async () => {
    const first = await worker();
    const job = await stuck(first);
    await endWorker(first.child, "SIGKILL");
    await s3.start();
    const second = await worker();
    expect((await f.ended(job)).state).toBe("done");
    expect(second.finished()).toEqual([job]);
    expect(stored(job)).toBe(`picture of ${job}`);
  });

  it("are not made again when their worker dies after it has delivered", async () => {
    const first = await worker();
    const job = await f.add();
    const died = new Promise<void>((resolve) => {
      s3.seen = (request) => {
        if (request !== `PUT team/${receiptKey(job)}`) return;
        s3.seen = () => undefined;
        void endWorker(first.child, "SIGKILL").then(resolve);
      };
    });
    await died;
    const second = await worker();
    expect(await f.ended(job)).toMatchObject({
      state: "done",
      results: [{ path: `${job}/clips/${job}.png` }],
    });
    expect([first.finished(), second.finished()]).toEqual([[job], []]);
  });

  it("are given up when their job is cancelled, or given back", async () => {
    const one = await worker();
    const cancelled = await stuck(one);
    await f.call("queue.cancel", { job: cancelled });
    expect((await f.ended(cancelled)).state).toBe("cancelled");
    await s3.start();
    const given = await stuck(one);
    await endWorker(one.child, "SIGUSR2");
    await s3.start();
    const two = await worker();
    expect((await f.ended(given)).state).toBe("done");
    expect(two.finished()).toEqual([given]);
  });
});
