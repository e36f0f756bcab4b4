import { expect, test } from "vitest";
import { tableNaming, type NameGroup } from "#runtime/weights/name-table";

const GROUPS: readonly NameGroup[] = [
  {
    prefixes: ["blocks.#.", "layers.#.inner."],
    rows: [
      ["qkv", ["to_q", "to_k", "to_v"]],
      ["norm", "norm.query"],
      ["gone", null],
    ],
  },
  { prefixes: ["", ""], rows: [["final.linear", { swapped: "norm_out.linear" }]] },
];
const canonical = tableNaming("canonical", 0, GROUPS);
const other = tableNaming("other", 1, GROUPS);

test.each([
  ["layers.12.inner.norm.query.weight", "blocks.12.norm.weight"],
  ["layers.12.inner.norm.query.scale", "blocks.12.norm.weight"],
  ["layers.0.inner.norm.query", "blocks.0.norm"],
  ["layers.0.inner.to_v.bias", { name: "blocks.0.qkv.bias", run: 2 }],
  ["norm_out.linear.weight", { name: "final.linear.weight", swapped: true }],
  ["layers.0.inner.gone.weight", null],
  ["layers.x.inner.norm.query.weight", null],
  ["layers0inner.norm.query.weight", null],
  ["blocks.0.norm.weight", null],
])("%s", (name, expected) => {
  expect(other.canonical(name)).toEqual(expected);
});

test("canonical names are their own", () => {
  for (const name of ["blocks.3.qkv.weight", "blocks.3.gone.bias", "final.linear.weight"]) {
    expect(canonical.canonical(name)).toBe(name);
  }
});
