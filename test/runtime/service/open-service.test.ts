import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import {
  closeService,
  fakeService,
  workDocument,
  type FakeService,
} from "../../helpers/fake-service.ts";
import { scratchFolder } from "../../helpers/umbel-process.ts";

const pause = (f: FakeService, paused: boolean) => f.call("queue.pause", { paused });
const waiting = async (f: FakeService) =>
  (await f.call("queue.state", {})).waiting.map(({ job }) => job);

/** Resolves when an engine works on a job. */
const begun = (f: FakeService) =>
  vi.waitFor(() => expect(f.events.some(({ type }) => type === "job")).toBe(true), 10_000);

describe("jobs", () => {
  it("run in order, are told as they go, and end in the history with what they made", async () => {
    const f = await fakeService();
    const first = await f.add({ seed: 1 }, { title: "One" });
    const second = await f.add({ seed: 2 });
    const entry = await f.ended(second);
    expect(f.finished()).toEqual([first, second]);
    expect(entry).toMatchObject({
      state: "done",
      title: "Work",
      attempts: 1,
      error: null,
      results: [{ node: "work", place: "output", path: `clips/${second}.png`, width: 1 }],
      shown: [{ node: "work", value: { kind: "text", text: "seed 2" } }],
      nodes: [{ node: "work", peakBytes: 7, cached: false }],
      peakBytes: 7,
    });
    expect((await f.call("history.list", { limit: 5 })).map(({ title }) => title)).toEqual([
      "Work",
      "One",
    ]);

    const told = f.events.flatMap((event) => {
      if (event.type === "job") return event.event.job === first ? [event.event.type] : [];
      if (event.type === "preview") return event.job === first ? ["preview"] : [];
      return event.type === "history" && event.entry.job === first ? ["history"] : [];
    });
    expect(told).toEqual([
      "job_started",
      "node_started",
      "preview",
      "node_result",
      "node_result",
      "node_finished",
      "job_finished",
      "history",
    ]);
    const preview = f.events.find((event) => event.type === "preview");
    expect(preview).toMatchObject({ preview: { frames: 1, width: 1, data: new Uint8Array(3) } });
  });

  it("show in the queue's state before their first event, with rising versions", async () => {
    const f = await fakeService();
    const job = await f.add({ milliseconds: 50 });
    await f.ended(job);
    const started = f.events.findIndex(
      (event) => event.type === "job" && event.event.type === "job_started",
    );
    const shown = f.events.findIndex(
      (event) => event.type === "queue" && event.state.running[0]?.job === job,
    );
    expect(shown).toBeGreaterThanOrEqual(0);
    expect(shown).toBeLessThan(started);
    const told = () => {
      const states = f.events.flatMap((event) => (event.type === "queue" ? [event.state] : []));
      expect(states.at(-1)).toMatchObject({ running: [], waiting: [], waitingCount: 0 });
      const versions = states.map(({ version }) => version);
      expect(versions).toEqual(versions.toSorted((a, b) => a - b));
      expect(new Set(versions).size).toBe(versions.length);
    };
    await vi.waitFor(told, 10_000);
  });

  it("fail with the engine's words, and the next one runs", async () => {
    const f = await fakeService();
    const bad = await f.add({ act: "fail" });
    const good = await f.add();
    expect(await f.ended(bad)).toMatchObject({
      state: "failed",
      error: { code: "ERR_NODE", message: "Expected a better day, got this one." },
    });
    expect((await f.ended(good)).state).toBe("done");
  });

  it("whose engine dies are tried once more, then fail; the queue goes on", async () => {
    const f = await fakeService();
    const bad = await f.add({ act: "die" });
    const good = await f.add();
    expect(await f.ended(bad)).toMatchObject({
      state: "failed",
      attempts: 2,
      error: { code: "ERR_ENGINE_GONE", message: expect.stringContaining("SIGKILL") },
    });
    expect((await f.ended(good)).state).toBe("done");
    expect(f.events.filter(({ type }) => type === "engine_restarted")).toHaveLength(2);
    const own = f.events.flatMap((event) =>
      event.type === "job" && event.event.job === bad ? [event.event.type] : [],
    );
    expect(own.filter((type) => type === "job_started")).toHaveLength(2);
    expect(own.filter((type) => type === "job_failed")).toHaveLength(1);
    expect(own.at(-1)).toBe("job_failed");
  });

  it("are cancelled while they run, and taken out while they wait", async () => {
    const f = await fakeService();
    const running = await f.add({ milliseconds: 60_000 });
    const waits = await f.add();
    await begun(f);
    await f.call("queue.cancel", { job: waits });
    await f.call("queue.cancel", { job: running });
    expect((await f.ended(running)).state).toBe("cancelled");
    await expect(f.call("queue.job", { job: waits })).rejects.toMatchObject({
      code: "ERR_INVALID_ARGUMENT",
    });
    await f.call("queue.cancel", { job: running });
    await expect(f.call("queue.cancel", { job: "none" })).rejects.toThrow(/got "none"/);
    expect(f.finished()).toEqual([]);
  });
});

describe("the queue", () => {
  it("pauses, orders by priority and place, moves, replaces and clears", async () => {
    const f = await fakeService();
    await pause(f, true);
    const [a, b, c] = [await f.add(), await f.add(), await f.add()];
    const high = await f.add({}, { priority: 5 });
    const top = await f.add({}, { first: true });
    expect(await waiting(f)).toEqual([top, high, a, b, c]);
    await f.call("queue.move", { job: c, before: a });
    await f.call("queue.move", { job: top, before: null });
    expect(await waiting(f)).toEqual([high, c, a, b, top]);
    for (let i = 0; i < 60; i++) {
      await f.call("queue.move", { job: i % 2 === 0 ? b : a, before: i % 2 === 0 ? a : b });
    }
    expect(await waiting(f)).toEqual([high, c, a, b, top]);
    await f.call("queue.move", { job: b, before: high });
    expect(await waiting(f)).toEqual([b, high, c, a, top]);

    await f.call("queue.replace", { job: a, document: workDocument({ seed: 77 }) });
    await f.call("queue.cancel", { job: high });
    await pause(f, false);
    expect((await f.ended(top)).state).toBe("done");
    expect(f.finished()).toEqual([b, c, a, top]);
    expect((await f.ended(a)).shown[0]?.value).toEqual({ kind: "text", text: "seed 77" });
    await expect(f.call("queue.move", { job: a, before: null })).rejects.toThrow(/which is done/);

    await pause(f, true);
    await f.add();
    await f.call("queue.clear", {});
    expect(await waiting(f)).toEqual([]);
  });

  it("takes copies and sweeps, and gives a job the id that it is asked for", async () => {
    const f = await fakeService();
    await pause(f, true);
    const sweep = [
      { node: "work", value: "seed", values: [1, 2] },
      { node: "work", value: "milliseconds", values: [3, 4, 5] },
    ];
    const swept = await f.call("queue.add", { document: workDocument(), sweep });
    expect(swept.jobs).toHaveLength(6);
    expect(swept.batch).not.toBeNull();
    const state = await f.call("queue.state", { offset: 1, limit: 2 });
    expect(state).toMatchObject({ waitingCount: 6, paused: true });
    expect(state.waiting.map(({ cell }) => cell)).toEqual([
      [0, 1],
      [0, 2],
    ]);
    const document = await f.call("queue.document", { job: swept.jobs[5] ?? "" });
    expect(document.nodes["work"]?.values).toEqual({ seed: 2, milliseconds: 5 });

    const named = { document: workDocument(), job: "mine", origin: { client: 7 } };
    expect(await f.call("queue.add", named)).toEqual({ jobs: ["mine"], batch: null });
    expect(await f.call("queue.origin", { job: "mine" })).toEqual({ client: 7 });
    await expect(f.call("queue.add", named)).rejects.toThrow(/new job id/);
    await expect(f.call("queue.add", { ...named, job: "x", count: 2 })).rejects.toThrow(/one job/);
    await pause(f, false);
    await f.ended("mine");
    const grouped = await f.call("history.list", { limit: 10, batch: swept.batch ?? "" });
    expect(grouped.map(({ cell }) => cell?.join())).toEqual(
      ["0,0", "0,1", "0,2", "1,0", "1,1", "1,2"].toReversed(),
    );
  });
});

describe("what is kept", () => {
  it("survives a new start: order, pause, history, journal, settings", async () => {
    const folder = scratchFolder();
    const before = await fakeService(folder);
    const done = await before.add({ seed: 5 });
    await before.ended(done);
    await pause(before, true);
    const jobs = [await before.add({ seed: 6 }), await before.add({}, { first: true })];
    const entry = {
      id: "tab",
      title: "Open",
      path: null,
      dirty: true,
      changed: 12.5,
      document: workDocument({ seed: 9 }),
    };
    await before.call("journal.write", { ...entry, title: "Earlier" });
    await before.call("journal.write", entry);
    await before.call("settings.set", { theme: "dark", keys: { run: "F5" } });
    await before.call("settings.set", { snapToGrid: true });
    await closeService(before);

    const after = await fakeService(folder);
    expect(await waiting(after)).toEqual(jobs.toReversed());
    expect((await after.call("queue.state", {})).paused).toBe(true);
    expect((await after.call("history.document", { job: done })).nodes["work"]?.values).toEqual({
      seed: 5,
    });
    expect(await after.call("journal.list", {})).toEqual([entry]);
    expect(await after.call("settings.get", {})).toMatchObject({
      theme: "dark",
      keys: { run: "F5" },
      snapToGrid: true,
      linkStyle: "curved",
    });
    await after.call("journal.remove", { id: "tab" });
    expect(await after.call("journal.list", {})).toEqual([]);
    await pause(after, false);
    await after.ended(jobs[0] ?? "");
    expect(after.finished()).toEqual([done, ...jobs.toReversed()]);
  });

  it("puts a job that ran when the service was closed back to the front", async () => {
    const folder = scratchFolder();
    const before = await fakeService(folder);
    const job = await before.add({ milliseconds: 300 });
    const next = await before.add();
    await begun(before);
    await closeService(before);
    const after = await fakeService(folder);
    expect(await after.call("queue.job", { job })).toMatchObject({
      error: { code: "ERR_ENGINE_GONE" },
    });
    await after.ended(next);
    expect(after.finished()).toEqual([job, next]);
    expect(await after.ended(job)).toMatchObject({ state: "done", attempts: 2, error: null });
  });

  it("pages through history without a gap, and forgets what is removed", async () => {
    const f = await fakeService();
    const { jobs } = await f.call("queue.add", { document: workDocument(), count: 7 });
    await f.ended(jobs[6] ?? "");
    const seen: string[] = [];
    let before: number | undefined;
    for (;;) {
      const page = await f.call("history.list", { limit: 3, ...(before && { before }) });
      if (page.length === 0) break;
      seen.push(...page.map(({ job }) => job));
      before = page.at(-1)?.ended ?? 0;
    }
    expect(seen).toEqual(jobs.toReversed());
    const [oldest = "", ...others] = jobs;
    await f.call("history.remove", { jobs: [...others, "unknown"] });
    expect(f.events.at(-1)).toEqual({ type: "history_removed", jobs: others });
    expect((await f.call("history.list", { limit: 9 })).map(({ job }) => job)).toEqual([oldest]);
  });

  it("refuses a second service on one folder, and lets the next one in when it is gone", async () => {
    const folder = scratchFolder();
    const first = await fakeService(folder);
    await expect(fakeService(folder)).rejects.toMatchObject({
      code: "ERR_FILE",
      message: expect.stringContaining("another Umbel"),
    });
    await closeService(first);
    await fakeService(folder);
  });

  it("sets a damaged database aside, says so, and begins a new one", async () => {
    const folder = scratchFolder();
    await closeService(await fakeService(folder));
    const path = join(folder, "data/umbel.db");
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(7, 4096));
    const f = await fakeService(folder);
    const { notices } = await f.call("service.info", {});
    expect(notices).toEqual([expect.stringContaining("damaged file")]);
    expect(notices[0]).toContain(`${path}.damaged-`);
    await f.ended(await f.add());
  });
});

describe("the engine", () => {
  it("is named, reports its memory and frees it", async () => {
    const f = await fakeService();
    const info = await f.call("service.info", {});
    expect(info).toMatchObject({
      version: "1.2.3",
      device: { label: expect.stringContaining("fake") },
      notices: [],
    });
    expect(await f.call("memory.report", {})).toEqual({
      usedBytes: 1,
      totalBytes: 1000,
      held: [],
    });
    expect(await f.call("memory.free", {})).toBeNull();
  });

  it("stays when a setting changes that it does not know", async () => {
    const f = await fakeService();
    const { device } = await f.call("service.info", {});
    await f.ended(await f.add());
    await f.call("settings.set", { theme: "dark", snapToGrid: true });
    expect(f.events.at(-1)).toMatchObject({ type: "settings", settings: { snapToGrid: true } });
    expect((await f.call("service.info", {})).device).toEqual(device);
  });

  it("is opened anew when its settings change, not under a running job", async () => {
    const folder = scratchFolder();
    const f = await fakeService(folder);
    const job = await f.add({ milliseconds: 200 });
    const next = await f.add();
    await begun(f);
    await f.call("settings.set", { outputFolder: join(folder, "elsewhere") });
    await f.ended(next);
    expect(f.finished()).toEqual([job]);
    expect((await f.ended(next)).results[0]).toMatchObject({ path: `clips/${next}.png` });
    expect(readFileSync(join(folder, "elsewhere/log.txt"), "utf8")).toBe(`${next} done\n`);
  });
});
