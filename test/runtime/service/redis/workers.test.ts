/** A server whose jobs run on worker processes over Redis. */
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { connectRedis } from "#runtime/service/redis/connect";
import { closeService, type FakeService } from "../../../helpers/fake-service.ts";
import { hasRedis, startRedis } from "../../../helpers/redis-server.ts";
import { scratchFolder } from "../../../helpers/umbel-process.ts";
import { begun, endWorker, startWorker, workedService } from "../../../helpers/worker-process.ts";

/** `npm run test:kills` takes more. */
const KILLS = process.env["UMBEL_KILLS"] === undefined ? 4 : 10;

let url = "";
beforeAll(async () => {
  if (hasRedis) url = await startRedis();
});

const start = (folder: string, has = "nothing") => startWorker(url, folder, { has });
const server = (folder: string) => workedService(url, folder, { fresh: true });
const reopen = (folder: string) => workedService(url, folder, { fresh: false });

const typesOf = (f: FakeService, job: string) =>
  f.events.flatMap((e) => {
    if (e.type === "job") return e.event.job === job ? [e.event.type] : [];
    return e.type === "preview" && e.job === job ? ["preview"] : [];
  });

describe.skipIf(!hasRedis)("workers", { timeout: 60_000 }, () => {
  it("run jobs with all their events, previews and results", async () => {
    const folder = scratchFolder();
    const f = await server(folder);
    expect((await f.call("service.info", {})).device).toMatchObject({
      name: "workers",
      note: expect.stringContaining("umbel worker"),
    });
    await start(folder);
    const job = await f.add({ seed: 3 });
    expect(await f.ended(job)).toMatchObject({
      state: "done",
      results: [{ place: "output", path: `clips/${job}.png` }],
      shown: [{ value: { text: "seed 3" } }],
      nodes: [{ node: "work", peakBytes: 7 }],
    });
    expect(typesOf(f, job)).toEqual([
      "job_started",
      "node_started",
      "preview",
      "node_result",
      "node_result",
      "node_finished",
      "job_finished",
    ]);
    const preview = f.events.find((event) => event.type === "preview");
    expect(preview).toMatchObject({ preview: { data: Buffer.alloc(3) } });
    const failed = await f.ended(await f.add({ act: "fail" }));
    expect(failed).toMatchObject({ state: "failed", error: { code: "ERR_NODE" } });
  });

  it("end a job that is cancelled, running or not", async () => {
    const folder = scratchFolder();
    const f = await server(folder);
    await start(folder);
    const [running, waits] = [await f.add({ milliseconds: 60_000 }), await f.add()];
    await begun(f, running);
    await f.call("queue.cancel", { job: waits });
    expect((await f.ended(waits)).state).toBe("cancelled");
    await f.call("queue.cancel", { job: running });
    expect((await f.ended(running)).state).toBe("cancelled");
    expect((await f.ended(await f.add())).state).toBe("done");
    expect(f.finished()).toHaveLength(1);
  });

  it("leave what they cannot run to those that can, and say when nobody can", async () => {
    const folder = scratchFolder();
    const f = await server(folder);
    await Promise.all([start(folder, "wan"), start(folder, "mochi")]);
    const jobs = [];
    for (const needs of ["wan", "mochi", "wan", "mochi", "mochi"])
      jobs.push(await f.add({ needs }));
    for (const job of jobs) expect((await f.ended(job)).state).toBe("done");
    const nobody = await f.ended(await f.add({ needs: "hunyuan" }));
    expect(nobody.state).toBe("failed");
    expect(nobody.error?.message).toMatch(/got none of 2: .*Expected hunyuan, got (wan|mochi)/);
  });

  it("that die lose their job to another one, and a dead engine is tried again", async () => {
    const folder = scratchFolder();
    const f = await server(folder);
    const first = await start(folder);
    const job = await f.add({ milliseconds: 400 });
    await begun(f, job);
    await endWorker(first, "SIGKILL");
    await start(folder);
    expect((await f.ended(job)).state).toBe("done");
    expect(f.finished()).toEqual([job]);
    expect(typesOf(f, job).filter((type) => type === "job_started")).toHaveLength(2);

    const bad = await f.ended(await f.add({ act: "die" }));
    expect(bad).toMatchObject({ state: "failed", error: { code: "ERR_ENGINE_GONE" } });
    expect((await f.ended(await f.add())).state).toBe("done");
  });

  it("finish or give back their job when they are stopped", async () => {
    const folder = scratchFolder();
    const f = await server(folder);
    const [first, second] = [await start(folder), await start(folder)];
    const jobs = [await f.add({ milliseconds: 1500 }), await f.add({ milliseconds: 1500 })];
    for (const job of jobs) await begun(f, job);
    await endWorker(first, "SIGTERM");
    await endWorker(second, "SIGUSR2");
    await start(folder);
    for (const job of jobs) expect((await f.ended(job)).state).toBe("done");
    expect(f.finished().toSorted()).toEqual(jobs.toSorted());
  });

  it("go on while the server is away, which then finds what they made", async () => {
    const folder = scratchFolder();
    const before = await server(folder);
    await start(folder);
    const job = await before.add({ milliseconds: 600 });
    await begun(before, job);
    await closeService(before);
    await vi.waitFor(() => expect(before.finished()).toEqual([job]), 15_000);
    const after = await reopen(folder);
    expect(await after.ended(job)).toMatchObject({
      state: "done",
      results: [{ path: `clips/${job}.png` }],
    });
    expect(after.finished()).toEqual([job]);
  });

  it(
    "are killed again and again: every job is done once",
    { timeout: 60_000 + KILLS * 5000 },
    async () => {
      const folder = scratchFolder();
      const f = await server(folder);
      const jobs: string[] = [];
      for (let i = 0; i < 5 * KILLS; i++) jobs.push(await f.add({ milliseconds: 80 }));
      const pair = [await start(folder), await start(folder)];
      for (let kill = 0; kill < KILLS; kill++) {
        await sleep(200 + Math.random() * 400);
        const i = Math.random() < 0.5 ? 0 : 1;
        const victim = pair[i];
        if (victim !== undefined) await endWorker(victim, "SIGKILL");
        pair[i] = await start(folder);
      }
      await vi.waitFor(
        async () => {
          const { running, waitingCount } = await f.call("queue.state", {});
          expect(running.length + waitingCount).toBe(0);
        },
        { timeout: 60_000, interval: 100 },
      );
      const history = await f.call("history.list", { limit: 500 });
      expect(history.map(({ job }) => job).toSorted()).toEqual(jobs.toSorted());
      expect(history.filter(({ state }) => state !== "done")).toEqual([]);
      expect(new Set(f.finished()).size).toBe(f.finished().length);
    },
  );
});

describe("Redis", () => {
  it("is missed with words", async () => {
    await expect(connectRedis("http://x")).rejects.toThrow(/redis:\/\/host:6379/);
    const nobody = connectRedis("redis://user:secret@127.0.0.1:1");
    await expect(nobody).rejects.toMatchObject({
      code: "ERR_INVALID_ARGUMENT",
      message: expect.stringMatching(/^Expected Redis at 127\.0\.0\.1:1, got /),
    });
  });
});
