import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { StoredValue } from "../../electron/modules/stored-value.ts";

let folder: string;
const schema = z.array(z.number());

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "umbel-stored-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

test("is there at the next start; the last of many writes wins", async () => {
  const path = join(folder, "deep/value.json");
  const stored = new StoredValue(path, schema, []);
  const writes = Array.from({ length: 20 }, (_, i) => stored.set([i]));
  await Promise.all(writes);
  expect(new StoredValue(path, schema, []).value).toEqual([19]);
  expect(readdirSync(join(folder, "deep"))).toEqual(["value.json"]);
});

test.each(["", "{", '["a"]', "null"])("a file that holds %j counts as none", (text) => {
  const path = join(folder, "value.json");
  writeFileSync(path, text);
  expect(new StoredValue(path, schema, [7]).value).toEqual([7]);
  expect(readFileSync(path, "utf8")).toBe(text);
});
