/** Processes of the app: its own and those it started. */
import { execFileSync, type ChildProcess } from "node:child_process";

interface Listed {
  readonly pid: number;
  readonly parent: number;
}

/** Kills a process and all below it, and resolves when none of them runs: their files may go. */
export async function endTree(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  const exited =
    child.exitCode !== null || child.signalCode !== null
      ? Promise.resolve()
      : new Promise<void>((done) => child.once("exit", () => done()));
  const all = [pid, ...below(pid, listed())];
  for (const each of all) kill(each);
  await exited;
  while (listed().some((each) => all.includes(each.pid)))
    await new Promise((done) => setTimeout(done, 50));
}

export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself meanwhile.
  }
}

/** All that run: the dead that nobody has asked about hold no files. */
function listed(): Listed[] {
  const text = execFileSync("ps", ["-e", "-o", "pid=,ppid=,stat="], { encoding: "utf8" });
  return text
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , state]) => !state!.startsWith("Z"))
    .map(([pid, parent]) => ({ pid: Number(pid), parent: Number(parent) }));
}

function below(parent: number, all: readonly Listed[]): number[] {
  return all
    .filter((each) => each.parent === parent)
    .flatMap(({ pid }) => [pid, ...below(pid, all)]);
}
