import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseDocument } from "#runtime/graph/document";
import type { JobEntry } from "#runtime/protocol/service-values";
import { findJobs, historyDays } from "../../../../renderer/panels/history/history-days.ts";
import {
  attentionWords,
  jobLine,
  resultName,
} from "../../../../renderer/panels/history/job-words.ts";

const now = new Date(2026, 10, 24, 21, 0).getTime();
const entry = (job: string, ended: number, more: Partial<JobEntry> = {}): JobEntry => ({
  job,
  title: job,
  state: "done",
  batch: null,
  cell: null,
  priority: 0,
  added: ended - 40_000,
  started: ended - 35_000,
  ended,
  attempts: 1,
  error: null,
  problems: [],
  results: [],
  shown: [],
  nodes: [],
  peakBytes: 437e6,
  ...more,
});

test("jobs fall into days, and runs submitted together into one row", () => {
  const days = historyDays(
    [
      entry("d", now - 1000),
      entry("c", now - 2000, { batch: "x" }),
      entry("b", now - 3000, { batch: "x" }),
      entry("a", now - 86_400_000),
    ],
    now,
  );
  expect(
    days.map(({ day, rows }) => [day, rows.map((row) => [row.entry.job, row.others.length])]),
  ).toEqual([
    [
      "Today",
      [
        ["d", 0],
        ["c", 1],
      ],
    ],
    ["Yesterday", [["a", 0]]],
  ]);
});

test("one line says what a job took, or why it failed", () => {
  expect(jobLine(entry("a", now))).toBe("35 s · 437 MB");
  const error = { code: "ERR_OUT_OF_MEMORY", message: "Expected 9.8 GB free, got 6.2 GB.\nMore." };
  expect(jobLine(entry("a", now, { state: "failed", error }))).toBe(
    "Expected 9.8 GB free, got 6.2 GB.",
  );
  expect(jobLine(entry("a", now, { state: "cancelled" }))).toBe("Stopped");
});

test("the attention of a graph in words", () => {
  const example = (name: string) =>
    parseDocument(
      readFileSync(join(import.meta.dirname, "../../../../examples", `${name}.json`), "utf8"),
    );
  expect(attentionWords(example("text-to-video"))).toBe("dense");
  expect(attentionWords(example("radial-against-dense"))).toBe("radial 0.20 and dense");
  expect(attentionWords(example("wan21-14b-radial"))).toMatch(/^radial 0\.\d\d$/);
});

test("search wants every word", () => {
  const jobs = [entry("meadow dawn", now), entry("meadow dusk", now)];
  expect(findJobs(jobs, "dusk meadow").map(({ job }) => job)).toEqual(["meadow dusk"]);
  expect(findJobs(jobs, "")).toHaveLength(2);
});

test("a result is named by its file", () => {
  expect(resultName("video/text-to-video_00001_.mp4")).toBe("text-to-video_00001");
});
