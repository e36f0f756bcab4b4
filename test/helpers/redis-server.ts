/** A Redis of its own for one test file, from Debian's redis-server. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { afterAll } from "vitest";
import { scratchFolder } from "./umbel-process.ts";

export const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;
if (!hasRedis) console.warn("skipped: tests with Redis need redis-server");

// A hook that is added inside of another one does not run.
const servers = new Set<ChildProcess>();
afterAll(() => {
  for (const server of servers) server.kill("SIGKILL");
});

/** Its address. */
export async function startRedis(): Promise<string> {
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const child = spawn("redis-server", args, {
    cwd: scratchFolder(),
    stdio: ["ignore", "pipe", "ignore"],
  });
  servers.add(child);
  await new Promise<void>((ready, reject) => {
    child.once("exit", (code) => reject(new Error(`redis-server ended with ${code}`)));
    child.stdout.on("data", (data: Buffer) => {
      if (data.toString().includes("Ready to accept connections")) ready();
    });
  });
  return `redis://127.0.0.1:${port}`;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
