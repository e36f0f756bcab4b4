import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadAddon } from "#native";
import * as ops from "#runtime/tensor/ops";

const root = join(import.meta.dirname, "../..");
const header = readFileSync(join(root, "native/include/ops.h"), "utf8");
const listed = [...header.matchAll(/^OP\((\w+), ([A-Z, ]+)\)/gm)].map(
  ([, name = "", codes = ""]) => ({
    name,
    codes: codes.replaceAll(", ", ""),
  }),
);

const camelCase = (name: string) =>
  name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

test("the list of ops was found", () => {
  expect(listed.length).toBeGreaterThan(20);
});

test("the addon knows every op of ops.h with its argument codes", () => {
  const known = loadAddon().listOps();
  expect(known.map(({ name, codes }) => ({ name, codes }))).toEqual(listed);
});

test("every op has a CPU kernel, also without vector instructions", () => {
  const missing = (isa?: string) =>
    loadAddon()
      .listOps(isa)
      .filter((op) => op.isa === null)
      .map((op) => op.name);
  expect(missing()).toEqual([]);
  expect(missing("scalar")).toEqual([]);
});

test("a build with CUDA kernels has one for every op", () => {
  const found = loadAddon()
    .listOps()
    .filter((op) => op.cuda);
  expect([0, listed.length]).toContain(found.length);
});

test("ops.ts exports a function for every op and no other", () => {
  const functions = Object.keys(ops).filter((name) => !name.endsWith("WithLse"));
  expect(functions.toSorted()).toEqual(listed.map(({ name }) => camelCase(name)).toSorted());
});

test("every op has a test of its own", () => {
  const missing = listed
    .map(({ name }) => `test/ops/${name.replaceAll("_", "-")}.test.ts`)
    .filter((path) => !existsSync(join(root, path)));
  expect(missing).toEqual([]);
});
