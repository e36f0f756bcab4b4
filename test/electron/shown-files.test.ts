import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { versionOf } from "../../electron/modules/file-access.ts";
import { ShownFiles } from "../../electron/modules/shown-files.ts";

let folder: string;
let path: string;
const changed = vi.fn<(window: number, path: string, version: string | null) => void>();
const shared = vi.fn<(window: number, path: string, shared: boolean) => void>();
let files: ShownFiles;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "umbel-shown-"));
  path = join(folder, "a.json");
  writeFileSync(path, "one");
  changed.mockClear();
  shared.mockClear();
  files = new ShownFiles({ changed, shared });
});

afterEach(() => {
  for (const window of [1, 2, 3]) files.releaseAll(window);
  rmSync(folder, { recursive: true });
});

const version = (text: string) => versionOf(new TextEncoder().encode(text));

test("windows on one file are told of each other, and when they are alone again", () => {
  expect(files.claim(1, path, version("one"))).toBe(false);
  expect(files.claim(1, path, version("one"))).toBe(false);
  expect(files.other(1, path)).toBeNull();
  expect(files.claim(2, path, version("one"))).toBe(true);
  expect(shared.mock.calls).toEqual([[1, path, true]]);
  expect(files.other(1, path)).toBe(2);
  files.releaseAll(2);
  expect(shared.mock.calls.at(-1)).toEqual([1, path, false]);
  expect(files.claim(3, join(folder, "b.json"), null)).toBe(false);
});

test("what another program writes is told once, and its removal", async () => {
  files.claim(1, path, version("one"));
  writeFileSync(path, "two");
  await vi.waitFor(() => expect(changed).toHaveBeenCalledWith(1, path, version("two")), 9000);
  rmSync(path);
  await vi.waitFor(() => expect(changed).toHaveBeenCalledWith(1, path, null), 9000);
  expect(changed).toHaveBeenCalledTimes(2);
});

test("a save is news to the other windows alone", async () => {
  files.claim(1, path, version("one"));
  files.claim(2, path, version("one"));
  await files.saving(1, path, async () => {
    writeFileSync(path, "two");
    // Long enough for a look in between.
    await new Promise((resolve) => setTimeout(resolve, 1600));
    return { version: version("two") };
  });
  await vi.waitFor(() => expect(changed).toHaveBeenCalled(), 9000);
  expect(changed.mock.calls).toEqual([[2, path, version("two")]]);
});

test("a save that is refused changes nothing of what its window knows", async () => {
  files.claim(1, path, version("one"));
  const failed = files.saving(1, path, () => Promise.reject(new Error("full")));
  await expect(failed).rejects.toThrow("full");
  expect(changed).not.toHaveBeenCalled();
});
