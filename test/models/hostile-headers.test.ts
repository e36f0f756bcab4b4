/** Headers of which one shape is not what it should be: a family answers, and none throws or grows without end. */
import { describe, expect, test } from "vitest";
import { loadFamilies } from "#runtime/engine/models/families";
import type { CheckpointHeader } from "#runtime/sdk/model";

const TESTED = ["clip-text", "hunyuan-vae", "hunyuan-video", "llama", "mochi", "mochi-vae", "umt5"];
const families = (await loadFamilies()).filter(({ family }) => TESTED.includes(family));

/** The published configuration's tensors, blocks beyond the second left out. */
function headerOfFamily(family: (typeof families)[number]): CheckpointHeader {
  const specs = family
    .tensors(family.published[0]?.config)
    .filter(({ name }) => !/(?:blocks?|layers)\.(?:[3-9]|\d\d+)\./.test(name));
  const tensors = specs.map(({ name, shape }) => [name, { shape, dtype: "bf16" }] as const);
  return { tensors: new Map(tensors), metadata: {} };
}

const SHAPES: readonly (readonly number[])[] = [
  [],
  [0],
  [1],
  [3, 5],
  [0, 0, 0, 0, 0],
  [1, 1, 1, 1, 1],
  [2 ** 40, 2 ** 40],
  [7, 7, 7, 7, 7],
];

describe.each(families.map((family) => [family.family, family] as const))("%s", (_, family) => {
  test("any one tensor of another shape, or lost", () => {
    const whole = headerOfFamily(family);
    expect(whole.tensors.size).toBeGreaterThan(10);
    for (const name of whole.tensors.keys()) {
      for (const shape of [null, ...SHAPES]) {
        const tensors = new Map(whole.tensors);
        if (shape === null) tensors.delete(name);
        else tensors.set(name, { shape, dtype: "bf16" });
        const header = { tensors, metadata: {} };
        const config = family.detect(header);
        family.unsupported?.(header);
        if (config === null) continue;
        const specs = family.tensors(config);
        const wrong = specs.filter((spec) => spec.shape.some((n) => !Number.isInteger(n) || n < 1));
        expect(wrong, `${name} [${shape?.join()}]`).toEqual([]);
      }
    }
  });

  test("settings in the metadata that make no sense are passed over", () => {
    const { tensors } = headerOfFamily(family);
    const plain = family.detect({ tensors, metadata: {} });
    for (const config of [
      "{",
      "null",
      "[]",
      '"x"',
      '{"num_attention_heads": -3, "rope_theta": "x"}',
    ]) {
      expect(family.detect({ tensors, metadata: { config } })).toEqual(plain);
    }
  });
});
