import { describe, expect, test, vi } from "vitest";
import type { RuntimeClient } from "#runtime/protocol/client";
import type { JobEntry } from "#runtime/protocol/service-values";
import { createPastRuns } from "../../../renderer/stores/past-runs.ts";
import { createResults } from "../../../renderer/stores/results.ts";

const entry = (job: string, ended: number): JobEntry => ({
  job,
  title: job,
  state: "done",
  batch: null,
  cell: null,
  priority: 0,
  added: 0,
  started: 0,
  ended,
  attempts: 1,
  error: null,
  problems: [],
  results: [
    {
      kind: "video",
      place: "output",
      path: `${job}_00001_.mp4`,
      width: 4,
      height: 4,
      frames: 5,
      fps: 8,
      node: "save",
    },
    {
      kind: "image",
      place: "temporary",
      path: "mask.png",
      width: 4,
      height: 4,
      frames: 1,
      node: "preview",
    },
  ],
  shown: [],
  nodes: [],
  peakBytes: null,
});

function fakeClient(all: readonly JobEntry[]) {
  const call = vi.fn(async (method: string, params: Record<string, unknown>) => {
    if (method === "history.list") {
      const before = (params["before"] as number | undefined) ?? Number.POSITIVE_INFINITY;
      return all.filter(({ ended }) => (ended ?? 0) < before).slice(0, params["limit"] as number);
    }
    if (method === "history.document" || method === "queue.document") {
      const place = params["job"] === "waits" ? "queue.document" : "history.document";
      if (params["job"] === "gone" || method !== place) throw new Error("gone");
      return { umbel: 1, nodes: {}, links: [] };
    }
    return null;
  });
  const client = { call, mediaUrl: ({ path }: { path: string }) => `media/${path}` };
  return { call, client: client as unknown as RuntimeClient };
}

describe("past runs", () => {
  const all = Array.from({ length: 70 }, (_, i) => entry(`job${70 - i}`, 70 - i));

  test("come page by page, newest first", async () => {
    const runs = createPastRuns(fakeClient(all).client);
    await runs.load();
    expect(runs.store.getState()).toMatchObject({ loaded: true, more: true });
    await runs.loadMore();
    const { entries, more } = runs.store.getState();
    expect(entries.map(({ job }) => job)).toEqual(all.map(({ job }) => job));
    expect(more).toBe(false);
  });

  test("a job that ends is first, and stands once", async () => {
    const runs = createPastRuns(fakeClient(all.slice(0, 2)).client);
    await runs.load();
    runs.receive({ type: "history", entry: entry("new", 99) });
    runs.receive({ type: "history", entry: entry("new", 99) });
    expect(runs.store.getState().entries.map(({ job }) => job)).toEqual(["new", "job70", "job69"]);
  });

  test("a document is read once; one that is gone is null", async () => {
    const { client, call } = fakeClient([]);
    const runs = createPastRuns(client);
    await Promise.all([runs.document("a"), runs.document("a")]);
    await runs.document("a");
    expect(call).toHaveBeenCalledTimes(1);
    expect(await runs.document("gone")).toBeNull();
    expect(await runs.document("waits")).not.toBeNull();
  });

  test("removed runs are gone at once", async () => {
    const runs = createPastRuns(fakeClient(all.slice(0, 3)).client);
    await runs.load();
    await runs.remove(["job69"]);
    expect(runs.store.getState().entries.map(({ job }) => job)).toEqual(["job70", "job68"]);
  });
});

test("results are the files in the output folder, by the names of their files", async () => {
  const { client } = fakeClient([entry("a", 1)]);
  const runs = createPastRuns(client);
  await runs.load();
  const results = createResults(client, runs);
  expect(results.all()).toMatchObject([
    { name: "a_00001", url: "media/a_00001_.mp4", fps: 8, frames: 5, job: "a", node: "save" },
  ]);
});

test("the result before is the next older one of the same size, of the same job first", async () => {
  const both = entry("both", 4);
  const [file] = both.results;
  const wide = entry("wide", 3);
  const { client } = fakeClient([
    { ...both, results: [file!, { ...file!, path: "second.mp4" }] },
    { ...wide, results: wide.results.map((result) => ({ ...result, width: 8 })) },
    entry("old", 2),
  ]);
  const runs = createPastRuns(client);
  await runs.load();
  const results = createResults(client, runs);
  const named = (name: string) => results.all().find((clip) => clip.name === name)!;
  expect(results.before(named("second"))?.name).toBe("both_00001");
  expect(results.before(named("both_00001"))?.name).toBe("old_00001");
  expect(results.before(named("old_00001"))).toBeNull();
  expect(results.before({ ...named("second"), url: "elsewhere" })).toBeNull();
});

test("of two comparisons the one that was asked for last stands", async () => {
  const answers: ((value: unknown) => void)[] = [];
  const call = vi.fn(() => new Promise((resolve) => answers.push(resolve)));
  const client = { call, mediaUrl: () => "" } as unknown as RuntimeClient;
  const results = createResults(client, createPastRuns(client));
  const clip = (name: string) => ({ url: name, file: { place: "output", path: name } }) as never;
  results.compare(clip("a"), clip("b"));
  results.compare(clip("a"), clip("c"));
  const figures = (psnr: number) => ({
    frames: 1,
    psnr,
    ssim: 1,
    psnrByFrame: [psnr],
    ssimByFrame: [1],
  });
  answers[1]?.(figures(30));
  answers[0]?.(figures(20));
  await vi.waitFor(() => expect(results.store.getState().comparison?.psnr).toBe(30));
  results.compare(clip("a"), null);
  expect(results.store.getState().comparison).toBeNull();
});
