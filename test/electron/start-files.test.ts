import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesOf } from "../../electron/modules/start-files.ts";

test("takes the files of a command line: no switches, no folders, nothing that is not there", () => {
  const folder = mkdtempSync(join(tmpdir(), "umbel-start-"));
  writeFileSync(join(folder, "a.json"), "{}");
  const argv = [
    process.execPath,
    folder,
    "--no-sandbox",
    "",
    "a.json",
    join(folder, "a.json"),
    "b.json",
  ];
  expect(filesOf(argv, folder)).toEqual([join(folder, "a.json"), join(folder, "a.json")]);
  rmSync(folder, { recursive: true });
});
