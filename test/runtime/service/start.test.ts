/** What programs load before they are asked for anything: most of the time until they are there goes into imports. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { ROOT } from "../../helpers/umbel-process.ts";

const HEAVY = [
  "sharp",
  "mediabunny",
  "@napi-rs/webcodecs",
  "bullmq",
  "ioredis",
  "@aws-sdk/client-s3",
  "fastify",
];

/** npm packages that a program imports. */
function packagesOf(...args: readonly string[]): string[] {
  const hook = pathToFileURL(join(ROOT, "test/fixtures/service/print-packages.js")).href;
  const all = ["--import", hook, ...args];
  const { status, stderr } = spawnSync(process.execPath, all, { cwd: ROOT, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stderr.trim().split("\n");
}

it("the service with the classes of all nodes loads no media library, queue, storage or server", () => {
  const code = `
    await import("./dist/runtime/service/open-service.js");
    const { loadNodes } = await import("./dist/runtime/engine/node-registry.js");
    await loadNodes(["dist/nodes"]);`;
  const loaded = packagesOf("--input-type=module", "--eval", code);
  expect(loaded).toContain("libsql");
  expect(loaded.filter((name) => HEAVY.includes(name))).toEqual([]);
});

it("a command loads what it needs and nothing of the others", () => {
  const program = "dist/runtime/cli/main.js";
  expect(packagesOf(program, "--version")).toEqual(["commander"]);
  const loaded = packagesOf(program, "nodes", "KSampler");
  expect(loaded).toContain("commander");
  expect(loaded.filter((name) => [...HEAVY, "libsql"].includes(name))).toEqual([]);
  // The help shows all of them.
  expect(packagesOf(program, "--help")).toContain("fastify");
});
