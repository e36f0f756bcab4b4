/** `umbel serve` as a process of its own, in a folder that goes away. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../../..");

export interface ServerProcess extends AsyncDisposable {
  /** host:port */
  readonly host: string;
}

export async function startServer(): Promise<ServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), "umbel-bench-"));
  const args = ["serve", "--port", "0", "--threads", "1"];
  for (const name of ["data", "out", "input"]) args.push(`--${name}`, join(folder, name));
  const child = spawn(process.execPath, [join(ROOT, "bin/umbel.js"), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  const host = await new Promise<string>((found, fail) => {
    let text = "";
    child.stdout.on("data", (data: Buffer) => {
      text += data.toString();
      const address = /http:\/\/(\S+)/.exec(text)?.[1];
      if (address !== undefined) found(address);
    });
    child.once("exit", (code) => fail(new Error(`Expected a server, got exit code ${code}.`)));
  });
  return {
    host,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
