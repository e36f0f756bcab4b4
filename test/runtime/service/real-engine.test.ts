/** The service with the engine process that ships, and the bundled model. */
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { setValues } from "#runtime/cli/set-values";
import { parseDocument } from "#runtime/graph/document";
import { fakeService } from "../../helpers/fake-service.ts";
import {
  LARGE,
  scratchFolder,
  SMALL,
  TEXT_TO_VIDEO,
  WORKER,
  workerSettings,
} from "../../helpers/umbel-process.ts";

const graph = parseDocument(readFileSync(TEXT_TO_VIDEO, "utf8"));
const small = setValues(graph, SMALL, new Map()).document;
const large = setValues(graph, LARGE, new Map()).document;

it(
  "runs a graph, knows its time then, gives memory back and ends inside a step",
  { timeout: 90_000 },
  async () => {
    const folder = scratchFolder();
    const f = await fakeService(folder, { engine: workerSettings(folder), entry: WORKER });
    const { device, outputFolder } = await f.call("service.info", {});
    expect(device).toMatchObject({ name: "cpu", note: null });
    const unknown = await f.call("graph.plan", { document: small });
    expect(unknown).toMatchObject({ seconds: null, secondsPerStep: null });

    const { jobs } = await f.call("queue.add", { document: small, count: 2 });
    const [first = "", second = ""] = jobs;
    const entry = await f.ended(second);
    expect(entry).toMatchObject({ state: "done", title: "Text to video" });
    const [file] = entry.results;
    expect(file).toMatchObject({ kind: "video", place: "output", width: 64, frames: 5, fps: 16 });
    const path = await f.service.findFile({ place: "output", path: file?.path ?? "" });
    expect(path.startsWith(outputFolder) && existsSync(path)).toBe(true);
    await expect(
      f.service.findFile({ place: "output", path: "../data/umbel.db" }),
    ).rejects.toMatchObject({ code: "ERR_FILE" });
    const seeds = await Promise.all(
      [first, second].map(async (job) => {
        const { nodes } = await f.call("history.document", { job });
        return nodes["sampler"]?.values["seed"];
      }),
    );
    expect(seeds[0]).toBe(7);
    expect(seeds[1]).not.toBe(7);
    // Only the seed differed: what does not depend on it came from the cache.
    const cached = (node: string) => entry.nodes.find((run) => run.node === node)?.cached;
    expect(["positive", "latent", "sampler"].map(cached)).toEqual([true, true, false]);

    const known = await f.call("graph.plan", { document: small });
    expect(known.seconds).toBeGreaterThan(0);
    expect(known.secondsPerStep).toBeGreaterThan(0);
    expect(known.stages.filter(({ seconds }) => seconds === null)).toEqual([]);
    expect(f.events.some(({ type }) => type === "preview")).toBe(true);

    const held = await f.call("memory.report", {});
    expect(held.usedBytes).toBeGreaterThan(0);
    await f.call("memory.free", {});
    const freed = await f.call("memory.report", {});
    expect(freed.held.map(({ bytes }) => bytes)).toEqual([0, 0]);

    const slow = (await f.call("queue.add", { document: large })).jobs[0] ?? "";
    await vi.waitFor(
      () =>
        expect(f.events).toContainEqual(
          expect.objectContaining({
            event: expect.objectContaining({ type: "node_started", job: slow, node: "sampler" }),
          }),
        ),
      15_000,
    );
    await sleep(500);
    const cancelled = performance.now();
    await f.call("queue.cancel", { job: slow });
    expect((await f.ended(slow)).state).toBe("cancelled");
    expect(performance.now() - cancelled).toBeLessThan(5000);
  },
);
