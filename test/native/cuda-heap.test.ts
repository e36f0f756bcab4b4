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

test.skipIf(!found)("GPU memory is handed out within its budget, whatever the requests", () => {
  const program = join(folder, "check");
  const sources = ["test/region_check.cc", "region.cc", "heap.cc"].map((name) =>
    join(native, "cuda", name),
  );
  const compiled = spawnSync(compiler, [
    "-std=c++20",
    "-O1",
    "-I",
    native,
    ...sources,
    "-o",
    program,
  ]);
  expect(compiled.stderr.toString()).toBe("");
  const { stdout, status } = spawnSync(program);
  expect({ stdout: stdout.toString(), status }).toEqual({ stdout: "", status: 0 });
});
