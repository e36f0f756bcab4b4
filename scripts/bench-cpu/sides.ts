import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A program that measures the other side: one line of words in, one line with the seconds of its best run out. */
export interface Side {
  readonly name: string;
  readonly key: "openblas" | "pytorch";
  /** Its version, or why it takes no part. */
  readonly description: string;
  readonly ask: (words: string, seconds: number) => Promise<number | null>;
  readonly close: () => void;
}

/** The sources beside this file in the repository, also when this file runs compiled. */
function sourcePath(name: string): string {
  const beside = fileURLToPath(new URL(name, import.meta.url));
  if (existsSync(beside)) return beside;
  return fileURLToPath(new URL(`../../../scripts/bench-cpu/${name}`, import.meta.url));
}

function absent(name: string, key: Side["key"], description: string): Side {
  return { name, key, description, ask: async () => null, close: () => undefined };
}

interface Program {
  readonly name: string;
  readonly key: Side["key"];
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cleanUp: () => void;
}

/** Starts the program; its first line says which version it is. */
async function start({ name, key, command, args, env, cleanUp }: Program): Promise<Side> {
  const child: ChildProcess = spawn(command, args, { env, stdio: ["pipe", "pipe", "inherit"] });
  child.on("error", () => undefined);
  if (child.stdin === null || child.stdout === null) return absent(name, key, "did not start");
  const { stdin, stdout } = child;
  stdin.on("error", () => undefined);
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  return {
    name,
    key,
    description: first.done === true ? "did not start" : first.value,
    ask: async (words, seconds) => {
      stdin.write(`${seconds} ${words}\n`);
      const answer = await lines.next();
      const value = answer.done === true ? NaN : Number(answer.value);
      return Number.isFinite(value) ? value : null;
    },
    close: () => {
      stdin.end();
      cleanUp();
    },
  };
}

/** Compiles openblas.c against the system's library. */
async function openOpenBlas(env: NodeJS.ProcessEnv): Promise<Side> {
  const [name, key] = ["OpenBLAS", "openblas"] as const;
  const folder = mkdtempSync(join(tmpdir(), "umbel-bench-"));
  const cleanUp = () => rmSync(folder, { recursive: true, force: true });
  const command = join(folder, "openblas");
  const args = ["-O2", sourcePath("openblas.c"), "-o", command, "-lopenblas"];
  const built = spawnSync(process.env["CC"] ?? "cc", args, { stdio: "ignore" });
  if (built.status !== 0) {
    cleanUp();
    return absent(name, key, "not installed (a C compiler and libopenblas-dev are needed)");
  }
  return start({ name, key, command, args: [], env, cleanUp });
}

/** The first Python that can import torch: UMBEL_TORCH_PYTHON, what pytorch-venv.sh makes, the system's. */
async function openPyTorch(env: NodeJS.ProcessEnv): Promise<Side> {
  const [name, key] = ["PyTorch", "pytorch"] as const;
  const venv = join(dirname(sourcePath("pytorch.py")), "../../build/pytorch-venv/bin/python");
  const named = process.env["UMBEL_TORCH_PYTHON"];
  const candidates = named === undefined ? [venv, "python3", "/usr/bin/python3"] : [named];
  const probe = ["-c", "import torch"];
  const command = candidates.find(
    (path) => spawnSync(path, probe, { stdio: "ignore" }).status === 0,
  );
  if (command === undefined) {
    return absent(
      name,
      key,
      "not installed (scripts/bench-cpu/pytorch-venv.sh, or set UMBEL_TORCH_PYTHON)",
    );
  }
  const args = [sourcePath("pytorch.py")];
  return start({ name, key, command, args, env, cleanUp: () => undefined });
}

/** Both other sides, held to `threads` threads and free of settings meant for this machine's other programs. */
export async function openSides(threads: number): Promise<readonly Side[]> {
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const key of Object.keys(env))
    if (/^(OPENBLAS|OMP|GOMP|KMP|MKL)_/.test(key)) delete env[key];
  const count = String(threads);
  Object.assign(env, { OMP_NUM_THREADS: count, OPENBLAS_NUM_THREADS: count });
  return [await openOpenBlas(env), await openPyTorch(env)];
}
