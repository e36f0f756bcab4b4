import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { expandPrefix, saveOutput } from "#runtime/engine/output-files";

let folder = "";
const save = (prefix: string, extension: string) =>
  saveOutput(folder, prefix, extension, {}, (path) => writeFile(path, "x"));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "umbel-out-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("counts on from the highest number, per name", async () => {
  writeFileSync(join(folder, "clip_00007_.mp4"), "x");
  writeFileSync(join(folder, "clip_x_00099_.mp4"), "x");
  expect(basename(await save("clip", "mp4"))).toBe("clip_00008_.mp4");
  expect(basename(await save("other/clip", "png"))).toBe("clip_00001_.png");
});

it("gives parallel runs different names", async () => {
  const names = await Promise.all(Array.from({ length: 20 }, () => save("p", "png")));
  expect(new Set(names).size).toBe(20);
});

it.each(["../x", "/etc/x", "a/../../x", ""])("refuses the prefix %j", async (prefix) => {
  await expect(save(prefix, "png")).rejects.toMatchObject({ code: "ERR_FILE" });
});

it("refuses a folder that is a link to outside", async () => {
  const outside = mkdtempSync(join(tmpdir(), "umbel-outside-"));
  mkdirSync(join(folder, "in"));
  symlinkSync(outside, join(folder, "in", "link"));
  await expect(save("in/link/x", "png")).rejects.toMatchObject({
    code: "ERR_FILE",
  });
  rmSync(outside, { recursive: true });
});

it("fills placeholders in, and keeps path separators out of their values", () => {
  const now = new Date(2026, 2, 4, 5, 6, 7);
  const values = new Map([["KSampler.seed", "../7"]]);
  expect(
    expandPrefix("%date:yyyy-MM-dd_hhmmss%_%width%x%height%_%KSampler.seed%_%odd%", {
      width: 8,
      height: 9,
      values,
      now,
    }),
  ).toBe("2026-03-04_050607_8x9_.._7_%odd%");
});

it("leaves nothing behind when writing fails or the folder's last writer was killed", async () => {
  writeFileSync(join(folder, ".umbel-999999999-dead.mp4"), "half");
  const failing = saveOutput(folder, "clip", "mp4", {}, async (path) => {
    await writeFile(path, "half");
    throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
  });
  await expect(failing).rejects.toMatchObject({ code: "ERR_DISK_FULL" });
  expect(readdirSync(folder)).toEqual([]);
});
