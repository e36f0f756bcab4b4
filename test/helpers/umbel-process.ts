/** The compiled program as processes of their own. `npm test` compiles first. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach } from "vitest";
import type { EngineSettings } from "#runtime/protocol/engine-messages";

export const ROOT = resolve(import.meta.dirname, "../..");
export const WORKER = join(ROOT, "dist/runtime/worker.js");
export const TEXT_TO_VIDEO = join(ROOT, "examples/text-to-video.json");

/** `--set` of a clip that takes a moment. */
export const SMALL = ["sampler.steps=2", "latent.width=64", "latent.height=64", "latent.length=5"];
/** A clip of which one step takes many seconds. */
export const LARGE = ["latent.width=768", "latent.height=768", "latent.length=33"];

export const sets = (assignments: readonly string[]): string[] =>
  assignments.flatMap((assignment) => ["--set", assignment]);

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that goes away after the test file. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "umbel-test-"));
  folders.push(folder);
  return folder;
}

export function workerSettings(folder: string): EngineSettings {
  return {
    device: "cpu",
    threads: 2,
    models: [join(ROOT, "models")],
    nodes: [join(ROOT, "dist/nodes")],
    inputFolder: join(folder, "input"),
    outputFolder: join(folder, "output"),
    temporaryFolder: join(folder, "temporary"),
  };
}

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningUmbel {
  /** Resolves when the output so far matches. */
  printed(pattern: RegExp): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Outcome>;
}

const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts `umbel` with arguments, in a folder (by default the checkout). */
export function startUmbel(args: readonly string[], cwd = ROOT): RunningUmbel {
  const child = spawn(process.execPath, [join(ROOT, "bin/umbel.js"), ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  child.on("exit", () => running.delete(child));
  let stdout = "";
  let stderr = "";
  let changed: () => void = () => undefined;
  child.stdout.on("data", (data: Buffer) => {
    stdout += data.toString();
    changed();
  });
  child.stderr.on("data", (data: Buffer) => {
    stderr += data.toString();
    changed();
  });
  const ended = new Promise<Outcome>((settle, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => settle({ code, signal, stdout, stderr }));
  });
  return {
    ended,
    kill: (signal) => child.kill(signal),
    printed: (pattern) =>
      new Promise((settle, reject) => {
        changed = () => {
          if (pattern.test(stdout + stderr)) settle();
        };
        changed();
        void ended.then(() =>
          reject(new Error(`Expected ${pattern} in the output, got:\n${stdout}${stderr}`)),
        );
      }),
  };
}

export function umbel(args: readonly string[], cwd = ROOT): Promise<Outcome> {
  return startUmbel(args, cwd).ended;
}

/** Everything in a folder, hidden files too; none when it does not exist. */
export function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name)
      .toSorted();
  } catch {
    return [];
  }
}

/** False too for a process that has ended and that no parent has asked about yet. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" && process.platform !== "linux";
  }
}
