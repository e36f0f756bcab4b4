import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

const native = join(import.meta.dirname, "../../native");
const folder = mkdtempSync(join(tmpdir(), "umbel-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const compiler = process.env["CXX"] ?? "c++";
const found = spawnSync(compiler, ["--version"]).status === 0;

test.skipIf(!found)(
  "operands reach the tensor cores of Hopper in the order they are meant to",
  () => {
    const program = join(folder, "check");
    const source = join(native, "cuda/test/wgmma_layout_check.cc");
    const compiled = spawnSync(compiler, [
      "-std=c++20",
      "-O1",
      "-I",
      native,
      source,
      "-o",
      program,
    ]);
    expect(compiled.stderr.toString()).toBe("");
    expect(spawnSync(program).stdout.toString()).toBe("");
    expect(spawnSync(program).status).toBe(0);
  },
);
