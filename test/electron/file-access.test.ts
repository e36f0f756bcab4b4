import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FileAccess, versionOf } from "../../electron/modules/file-access.ts";

let folder: string;
let access: FileAccess;
const bytes = (text: string) => new TextEncoder().encode(text);

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "umbel-files-")));
  access = new FileAccess();
});

afterEach(() => rmSync(folder, { recursive: true }));

test("reads and writes only what was allowed", async () => {
  const path = join(folder, "a.json");
  writeFileSync(path, "{}");
  await expect(access.read(path)).rejects.toMatchObject({ code: "ERR_FILE" });
  await expect(access.save(path, bytes("no"), null)).rejects.toMatchObject({ code: "ERR_FILE" });

  await access.allow(path);
  const file = await access.read(path);
  expect(file).toEqual({
    name: "a.json",
    path,
    data: expect.any(Uint8Array),
    version: versionOf(bytes("{}")),
  });
  expect(readFileSync(path, "utf8")).toBe("{}");
});

test("a link stands for the file that it leads to", async () => {
  const path = join(folder, "a.json");
  const secret = join(folder, "secret.json");
  writeFileSync(path, "{}");
  writeFileSync(secret, "secret");
  await access.allow(path);
  rmSync(path);
  symlinkSync(secret, path);
  await expect(access.read(path)).rejects.toMatchObject({ code: "ERR_FILE" });
  await expect(access.save(path, bytes("x"), null)).rejects.toMatchObject({ code: "ERR_FILE" });
  expect(readFileSync(secret, "utf8")).toBe("secret");

  const link = join(folder, "link.json");
  symlinkSync(secret, link);
  expect(await access.allow(link)).toBe(secret);
  expect(await access.save(link, bytes("new"), null)).toMatchObject({ state: "saved" });
  expect(readFileSync(secret, "utf8")).toBe("new");
});

test("saves over the version that was read, and over no other", async () => {
  const path = join(folder, "a.json");
  writeFileSync(path, "one");
  await access.allow(path);
  const { version } = await access.read(path);
  const saved = await access.save(path, bytes("two"), version);
  expect(saved).toEqual({ state: "saved", version: versionOf(bytes("two")) });

  expect(await access.save(path, bytes("three"), version)).toEqual({
    state: "changed",
    version: versionOf(bytes("two")),
  });
  expect(readFileSync(path, "utf8")).toBe("two");

  rmSync(path);
  expect(await access.save(path, bytes("three"), version)).toEqual({
    state: "changed",
    version: null,
  });
  expect(await access.save(path, bytes("three"), null)).toMatchObject({ state: "saved" });
  expect(readFileSync(path, "utf8")).toBe("three");
});

test("keeps a file's permissions and leaves nothing beside it", async () => {
  const path = join(folder, "a.json");
  writeFileSync(path, "one");
  chmodSync(path, 0o640);
  await access.allow(path);
  await access.save(path, bytes("two"), null);
  expect(statSync(path).mode & 0o777).toBe(0o640);
  expect(readdirSync(folder)).toEqual(["a.json"]);
});

test("a save that fails leaves the old file and nothing half-written", async () => {
  mkdirSync(join(folder, "taken"));
  const path = join(folder, "taken");
  await access.allow(path);
  await expect(access.save(path, bytes("x"), null)).rejects.toMatchObject({ code: "ERR_FILE" });
  expect(readdirSync(folder)).toEqual(["taken"]);
});

test.each(["a.json", "../a.json", "/a\0b.json", "/no/such/folder/at/all/a.json"])(
  "%j is no place",
  async (path) => {
    await expect(access.allow(path)).rejects.toMatchObject({ code: "ERR_FILE" });
  },
);
