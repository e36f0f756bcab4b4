/** What the archive for a GPU machine holds: all that its programs import, and no program that lacks something. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { importClosure } from "../../scripts/gpu-pack/import-closure.ts";
import { programFiles, registeredFiles } from "../../scripts/gpu-pack/programs.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "umbel-closure-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

const PROGRAM = {
  "package.json": `{ "imports": { "#runtime/*": "./runtime/*.js" } }`,
  "main.js": `import { a } from "#runtime/a";\nimport fs from "node:fs";\nawait import("./late.js");\n`,
  "late.js": `await import("codec");\n`,
  "runtime/a.js": `export { x as a } from "@one/package/part";\n`,
  "node_modules/@one/package/package.json": `{ "dependencies": { "two": "1.0.0" } }`,
};

describe("the imports of a program", () => {
  test("are its files, and packages with what those depend on, but none that it imports later", async () => {
    put({
      ...PROGRAM,
      "node_modules/two/package.json": "{}",
      "node_modules/codec/package.json": "{}",
    });
    const { files, packages } = await importClosure([join(folder, "main.js")]);
    expect([...files].toSorted()).toEqual(
      ["late.js", "main.js", "runtime/a.js"].map((name) => join(folder, name)),
    );
    expect([...packages.keys()].toSorted()).toEqual(["@one/package", "two"]);
  });

  test("are an error when a package is missing", async () => {
    put(PROGRAM);
    const closure = importClosure([join(folder, "main.js")]);
    await expect(closure).rejects.toThrow(/Expected package two for .*package\.json, got none/);
  });

  test("are an error when a file is missing", async () => {
    put({ ...PROGRAM, "runtime/a.js": `import "../gone.js";\n` });
    const closure = importClosure([join(folder, "main.js")]);
    await expect(closure).rejects.toThrow(/Expected .*gone\.js for .*a\.js, got none/);
  });
});

test("the archive's programs, nodes and models need the tokenizers and nothing that is compiled", async () => {
  const dist = join(import.meta.dirname, "../../dist");
  const { packages } = await importClosure([...programFiles(dist), ...registeredFiles(dist)]);
  expect([...packages.keys()]).toContain("@huggingface/tokenizers");
  expect(
    [...packages.keys()].filter((name) => /^(@img\/|@napi-rs\/|sharp|libsql)/.test(name)),
  ).toEqual([]);
});
