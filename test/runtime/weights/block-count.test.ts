import { expect, test } from "vitest";
import { blockCount } from "#runtime/weights/block-count";

test("blocks are counted by their highest number, also with one lost", () => {
  const names = ["blocks.0.a", "blocks.1.a", "blocks.1.b", "blocks.3.a", "blocksy.9.a", "other"];
  expect(blockCount(names, "blocks.")).toBe(4);
  expect(blockCount(names, "layers.")).toBe(0);
});

test("a number out of all proportion makes no list of that length", () => {
  expect(blockCount(["blocks.0.a", "blocks.1.a", "blocks.4000000000.a"], "blocks.")).toBe(2);
  expect(blockCount(["blocks.7.a"], "blocks.")).toBe(0);
  const many = Array.from({ length: 300_000 }, (_, i) => `blocks.${i}.a`);
  expect(blockCount(many, "blocks.")).toBe(300_000);
});
