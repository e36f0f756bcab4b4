import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

const native = join(import.meta.dirname, "../../native");
const folder = mkdtempSync(join(tmpdir(), "umbel-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const compiler = process.env["CXX"] ?? "c++";
const found = spawnSync(compiler, ["--version"]).status === 0;

test.skipIf(!found)(
  "weights that a GPU copies from a mapped file count as its memory",
  () => {
    const program = join(folder, "check");
    const file = join(folder, "file");
    writeFileSync(file, new Uint8Array(64));
    const sources = ["test/storage_check.cc", "storage.cc", "file_mapping.cc", "error.cc"].map(
      (name) => join(native, "core", name),
    );
    const flags = ["-std=c++20", "-O0", "-I", native];
    const compiled = spawnSync(compiler, [...flags, ...sources, "-o", program]);
    expect(compiled.stderr.toString()).toBe("");
    const { stdout, status } = spawnSync(program, [file]);
    expect({ stdout: stdout.toString(), status }).toEqual({ stdout: "", status: 0 });
  },
  60_000,
);
