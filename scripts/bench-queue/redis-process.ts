import { spawn } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";

/** Starts a redis-server that keeps nothing on disk. */
export async function startRedis(): Promise<{ readonly url: string; readonly stop: () => void }> {
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const child = spawn("redis-server", args, {
    cwd: tmpdir(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise<void>((ready, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`redis-server ended with ${code}`)));
    child.stdout.on("data", (data: Buffer) => {
      if (data.toString().includes("Ready to accept connections")) ready();
    });
  });
  return { url: `redis://127.0.0.1:${port}`, stop: () => void child.kill() };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
