import { fork, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { setValues } from "#runtime/cli/set-values";
import { EngineSupervisor } from "#runtime/engine/supervisor";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import type { FromEngine } from "#runtime/protocol/engine-messages";
import type { JobEvent } from "#runtime/protocol/events";
import {
  filesOf,
  isAlive,
  LARGE,
  ROOT,
  scratchFolder,
  SMALL,
  TEXT_TO_VIDEO,
  WORKER,
  workerSettings,
} from "../../helpers/umbel-process.ts";

const graph = parseDocument(readFileSync(TEXT_TO_VIDEO, "utf8"));
const withValues = (assignments: readonly string[]): GraphDocument =>
  setValues(graph, assignments, new Map()).document;
const small = withValues(SMALL);
const large = withValues(LARGE);

function supervise(folder = scratchFolder()) {
  const restarts: string[] = [];
  const supervisor = new EngineSupervisor(workerSettings(folder), {
    entry: WORKER,
    onRestart: (reason) => restarts.push(reason),
  });
  return { supervisor, restarts, output: join(folder, "output") };
}

/** Milliseconds after which the sampler has begun its first step. */
const IN_A_STEP = 1500;

/** Runs until the sampler has worked for a moment, then does something to the engine. */
async function inTheMiddle(
  supervisor: EngineSupervisor,
  act: () => void,
): Promise<{ last: JobEvent; milliseconds: number }> {
  let acted = 0;
  const last = await supervisor.run("large", large, (event) => {
    if (event.type !== "node_started" || event.node !== "sampler") return;
    setTimeout(() => {
      acted = performance.now();
      act();
    }, IN_A_STEP);
  });
  return { last, milliseconds: performance.now() - acted };
}

describe("a supervised engine", () => {
  it("reports a job's events and keeps its process for the next", async () => {
    const { supervisor, output } = supervise();
    await using _ = supervisor;
    const events: JobEvent[] = [];
    const last = await supervisor.run("first", small, (event) => events.push(event));
    expect(last.type).toBe("job_finished");
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(["job_started", "node_started", "node_progress", "node_result"]),
    );
    expect(events.at(-1)).toEqual(last);
    expect(filesOf(output)).toEqual(["text-to-video_00001_.mp4"]);

    const pid = supervisor.pid;
    const again: JobEvent[] = [];
    await supervisor.run("second", small, (event) => again.push(event));
    expect(supervisor.pid).toBe(pid);
    expect(again).toContainEqual({ type: "node_cached", job: "second", node: "sampler" });
  });

  it("cancels a job inside a step, within a second, and goes on", { retry: 2 }, async () => {
    const { supervisor, output, restarts } = supervise();
    await using _ = supervisor;
    const { last, milliseconds } = await inTheMiddle(supervisor, () => supervisor.cancel("large"));
    expect(last).toEqual({ type: "job_cancelled", job: "large" });
    expect(milliseconds).toBeLessThan(1000);
    expect(filesOf(output)).toEqual([]);
    const next = await supervisor.run("next", small, () => undefined);
    expect(next.type).toBe("job_finished");
    expect(restarts).toEqual([]);
  });

  it("cancels a job before its engine has started", async () => {
    const { supervisor } = supervise();
    await using _ = supervisor;
    const events: JobEvent[] = [];
    const job = supervisor.run("early", small, (event) => events.push(event));
    supervisor.cancel("early");
    expect(await job).toEqual({ type: "job_cancelled", job: "early" });
    expect(events).toEqual([{ type: "job_cancelled", job: "early" }]);
  });

  it("fails the job of a killed process clearly and gives the next one a new process", async () => {
    const { supervisor, output, restarts } = supervise();
    await using _ = supervisor;
    let killed = 0;
    const { last } = await inTheMiddle(supervisor, () => {
      killed = supervisor.pid ?? 0;
      process.kill(killed, "SIGKILL");
    });
    expect(last).toMatchObject({ type: "job_failed", error: { code: "ERR_ENGINE_GONE" } });
    expect(last).toMatchObject({ error: { message: expect.stringContaining("SIGKILL") } });
    expect(restarts).toEqual(["it ended with SIGKILL"]);
    expect(filesOf(output)).toEqual([]);
    const next = await supervisor.run("next", small, () => undefined);
    expect(next.type).toBe("job_finished");
    expect(supervisor.pid).not.toBe(killed);
  });

  it("says why an engine cannot be opened", async () => {
    const settings = { ...workerSettings(scratchFolder()), threads: 5000 };
    await using supervisor = new EngineSupervisor(settings, { entry: WORKER });
    const last = await supervisor.run("job", small, () => undefined);
    expect(last).toMatchObject({ type: "job_failed", error: { code: "ERR_INVALID_ARGUMENT" } });
    expect(last).toMatchObject({ error: { message: expect.stringContaining("5000") } });
  });

  it("ends its process when disposed, also inside a step", async () => {
    const { supervisor } = supervise();
    let pid = 0;
    let disposed: Promise<void> | undefined;
    const { last } = await inTheMiddle(supervisor, () => {
      pid = supervisor.pid ?? 0;
      disposed = supervisor[Symbol.asyncDispose]();
    });
    await disposed;
    expect(last).toMatchObject({ type: "job_failed", error: { code: "ERR_ENGINE_GONE" } });
    expect(isAlive(pid)).toBe(false);
    const after = await supervisor.run("late", small, () => undefined);
    expect(after).toMatchObject({ type: "job_failed", error: { code: "ERR_ENGINE_GONE" } });
  });
});

describe("an engine process", () => {
  it("ends with its parent, also inside a step", async () => {
    const supervisor = pathToFileURL(join(ROOT, "dist/runtime/engine/supervisor.js")).href;
    const folder = scratchFolder();
    const script = join(folder, "parent.mjs");
    writeFileSync(
      script,
      `import { EngineSupervisor } from ${JSON.stringify(supervisor)};
       const engine = new EngineSupervisor(${JSON.stringify(workerSettings(folder))});
       engine.run("job", ${JSON.stringify(large)}, (event) => {
         if (event.node === "sampler") console.log(engine.pid);
       });`,
    );
    const parent = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
    const pid = await new Promise<number>((found) =>
      parent.stdout.once("data", (data: Buffer) => found(Number.parseInt(data.toString(), 10))),
    );
    expect(isAlive(pid)).toBe(true);
    parent.kill("SIGKILL");
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 5000, interval: 50 });
  });

  it("outlives messages that it cannot read", async () => {
    const child = fork(WORKER, [JSON.stringify(workerSettings(scratchFolder()))], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const seen: FromEngine[] = [];
    const done = (job: string): FromEngine | undefined =>
      seen.find((message) => message.type === "done" && message.job === job);
    try {
      child.on("message", (message: FromEngine) => seen.push(message));
      const wrong = [
        null,
        7,
        "run",
        [],
        {},
        { type: "jump" },
        { type: "cancel" },
        { type: "cancel", job: "unknown" },
        { type: "run", document: small },
        { type: "run", job: 7, document: small },
        { type: "run", job: "targets", document: small, targets: [1] },
        { type: "run", job: "none" },
        { type: "run", job: "document", document: { umbel: 1, nodes: [] } },
        { type: "run", job: "foreign", document: new Map([[1, 2n]]) },
      ];
      for (const message of wrong) child.send(message as never);
      child.send({ type: "run", job: "good", document: small });
      await vi.waitFor(() => expect(done("good")).toBeDefined(), { timeout: 15_000 });
      for (const job of ["targets", "none", "document", "foreign"]) {
        expect(done(job), job).toBeDefined();
        const failed = {
          type: "job_failed",
          job,
          error: expect.objectContaining({ code: expect.stringMatching(/^ERR_/) }),
        };
        expect(seen).toContainEqual(
          expect.objectContaining({ event: expect.objectContaining(failed) }),
        );
      }
      expect(seen).toContainEqual(
        expect.objectContaining({
          event: expect.objectContaining({ type: "job_finished", job: "good" }),
        }),
      );
      await sleep(50);
      expect(child.exitCode).toBeNull();
    } finally {
      child.kill("SIGKILL");
    }
  });
});
