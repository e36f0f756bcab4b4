import { describe, expect, test } from "vitest";
import { blockKey, weightBlocks } from "#runtime/engine/models/weight-blocks";
import umt5 from "#runtime/models/umt5";
import wan from "#runtime/models/wan";
import type { TensorSpec } from "#runtime/sdk/model";

const layouts = (specs: readonly TensorSpec[]) =>
  specs.map(({ name, shape }) => [name, { shape, dtype: "bf16" }] as const);

describe("blocks by their names", () => {
  test("the number that comes first tells the block", () => {
    expect(blockKey("encoder.block.3.layer.0.q.weight")).toBe("encoder.block.3.");
    expect(blockKey("patch_embedding.weight")).toBeNull();
  });

  test.each([
    ["Wan 2.1 14B", wan.tensors(wan.published[1]!.config), 40, /^blocks\.\d+\.$/],
    ["UMT5-XXL", umt5.tensors(umt5.published[0]!.config), 24, /^encoder\.block\.\d+\.$/],
  ])("of %s", (_, specs, count, key) => {
    const blocks = weightBlocks(layouts(specs));
    expect(blocks).toHaveLength(count);
    for (const block of blocks) {
      expect(block.key).toMatch(key);
      expect(block.bytes).toBe(blocks[0]?.bytes);
      expect(block.entries.length).toBeGreaterThan(8);
    }
  });

  test("weights of a block lie aligned, one behind the other, without overlap", () => {
    const [block] = weightBlocks([
      ["a.0.x", { shape: [3], dtype: "f32" }],
      ["a.0.y", { shape: [200], dtype: "bf16" }],
      ["a.0.z", { shape: [1], dtype: "u8" }],
      ["a.1.x", { shape: [300], dtype: "f32" }],
    ]);
    expect(block?.entries.map(({ byteOffset }) => byteOffset)).toEqual([0, 256, 768]);
    expect(block?.bytes).toBe(1024);
  });

  test("small lists of layers and lone numbers are no blocks", () => {
    const blocks = weightBlocks([
      ["text.0.weight", { shape: [16], dtype: "f32" }],
      ["text.2.weight", { shape: [16], dtype: "f32" }],
      ["only.0.weight", { shape: [4096], dtype: "f32" }],
      ["double.0.weight", { shape: [4096], dtype: "f32" }],
      ["double.1.weight", { shape: [4096], dtype: "f32" }],
      ["single.0.weight", { shape: [2048], dtype: "f32" }],
      ["single.1.weight", { shape: [2048], dtype: "f32" }],
    ]);
    expect(blocks.map(({ key }) => key)).toEqual([
      "double.0.",
      "double.1.",
      "single.0.",
      "single.1.",
    ]);
  });
});
