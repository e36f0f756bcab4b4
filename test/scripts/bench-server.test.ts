/** The load of `npm run bench:server`, smaller: no event is lost, comes twice or out of order. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ROOT } from "../helpers/umbel-process.ts";

it("keeps 100 clients with a WebSocket each informed", { timeout: 120_000 }, async () => {
  const program = join(ROOT, "dist/scripts/bench-server/main.js");
  const args = [program, "--clients", "100", "--jobs", "150"];
  // Its bounds of time and memory are for a machine that does nothing else: the exit code may tell of those.
  const said = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
  expect(said).toContain("100 clients, 150 jobs in");
  expect(said).toContain("every event came once and in order");
});
