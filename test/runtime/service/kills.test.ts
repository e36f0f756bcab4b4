/** A service that is killed (-9) again and again loses no job, runs none twice to its end, and keeps their order. */
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import type { JobEntry } from "#runtime/protocol/service-values";
import { fakeService, finishedJobs } from "../../helpers/fake-service.ts";
import { ROOT, scratchFolder } from "../../helpers/umbel-process.ts";

/** `npm run test:kills` takes 200. */
const KILLS = Number(process.env["UMBEL_KILLS"] ?? 25);
const SERVICE = join(ROOT, "test/fixtures/service/service-process.js");

const numbersIn = (path: string): number[] => {
  try {
    return readFileSync(path, "utf8").trim().split("\n").map(Number);
  } catch {
    return [];
  }
};

/** Runs the program and kills it: mostly while it works, at times while it starts. */
async function runAndKill(folder: string): Promise<void> {
  const child = fork(SERVICE, [folder], {
    stdio: ["ignore", "inherit", "pipe", "ipc"],
  });
  let errors = "";
  child.stderr?.on("data", (data: Buffer) => (errors += data.toString()));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const opened = new Promise((resolve) => child.once("message", resolve));
  if (Math.random() < 0.2) await sleep(Math.random() * 300);
  else {
    // The engine needs about half the time that the program does: most kills find it at work.
    const started = performance.now();
    await Promise.race([opened, ended]);
    await sleep(Math.random() * 1.5 * (performance.now() - started));
  }
  child.kill("SIGKILL");
  await ended;
  expect(errors).toBe("");
}

it(`survives ${KILLS} kills`, { timeout: 30_000 + KILLS * 4000 }, async () => {
  const folder = scratchFolder();
  const added = join(folder, "added.txt");
  for (let kill = 0; kill < KILLS; kill++) await runAndKill(folder);

  const f = await fakeService(folder);
  await vi.waitFor(
    async () => {
      const { running, waitingCount } = await f.call("queue.state", {});
      expect(running.length + waitingCount).toBe(0);
    },
    { timeout: 25_000, interval: 50 },
  );
  const entries: JobEntry[] = [];
  for (;;) {
    const before = entries.at(-1)?.ended;
    const page: JobEntry[] = await f.call("history.list", {
      limit: 500,
      ...(before && { before }),
    });
    if (page.length === 0) break;
    entries.push(...page);
  }

  const acknowledged = numbersIn(added);
  expect(acknowledged.length).toBeGreaterThan(KILLS / 3);
  const ended = entries.map(({ job }) => Number(job)).toReversed();
  expect(ended).toEqual(ended.toSorted((a, b) => a - b));
  expect(new Set(ended).size).toBe(ended.length);
  expect(ended).toEqual(expect.arrayContaining(acknowledged));
  expect(entries.filter(({ state }) => state !== "done")).toEqual([]);
  expect(entries.every(({ results }) => results.length === 1)).toBe(true);

  // An engine may end between a job's receipt and its own line: then the line is missing, never there twice.
  const finished = finishedJobs(join(folder, "output")).map(Number);
  expect(finished).toEqual(finished.toSorted((a, b) => a - b));
  expect(new Set(finished).size).toBe(finished.length);
  expect(finished.length).toBeGreaterThanOrEqual(ended.length - KILLS);
  console.log(
    `${ended.length} jobs, ${entries.filter(({ attempts }) => attempts > 1).length} of them started more than once`,
  );
});
