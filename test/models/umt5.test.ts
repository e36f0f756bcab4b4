import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import umt5, { distanceBuckets } from "#runtime/models/umt5";
import type { Device } from "#runtime/tensor/device";
import { openDevice } from "#runtime/tensor/devices";
import { scope } from "#runtime/tensor/scope";
import { headerOf, openModel, planModel } from "../helpers/model-weights.ts";
import { NO_SHARED, sharedDir, sharedJson, sharedPath, sharedTensors } from "../helpers/shared.ts";
import {
  checkLiveTensorsAtEnd,
  expectNoLiveTensors,
  relativeError,
  testDevice,
} from "../helpers/tensors.ts";

checkLiveTensorsAtEnd();

const BOUND = 1e-4;
/** On a GPU in bfloat16. */
const ROUNDED_BOUND = 2e-2;
const folder = "goldens/wan/umt5";
const present = sharedDir() !== null && existsSync(sharedPath(folder));
const block = (i: number) => `encoder.block.${i}.layer`;

function toyShapes(layers: number): Record<string, number[]> {
  const shapes: Record<string, number[]> = {
    "shared.weight": [40, 16],
    "encoder.final_layer_norm.weight": [16],
  };
  for (let i = 0; i < layers; i++) {
    const attn = `${block(i)}.0.SelfAttention`;
    for (const part of ["q", "k", "v"]) shapes[`${attn}.${part}.weight`] = [32, 16];
    shapes[`${attn}.o.weight`] = [16, 32];
    shapes[`${attn}.relative_attention_bias.weight`] = [32, 4];
    shapes[`${block(i)}.0.layer_norm.weight`] = [16];
    shapes[`${block(i)}.1.layer_norm.weight`] = [16];
    for (const part of ["wi_0", "wi_1"]) {
      shapes[`${block(i)}.1.DenseReluDense.${part}.weight`] = [24, 16];
    }
    shapes[`${block(i)}.1.DenseReluDense.wo.weight`] = [16, 24];
  }
  return shapes;
}

test("the configuration comes from shapes", () => {
  const header = headerOf(toyShapes(3));
  const config = umt5.detect(header);
  expect(config).toMatchObject({
    vocabulary: 40,
    width: 16,
    heads: 4,
    headDim: 8,
    hidden: 24,
    layers: 3,
  });
  expect(config).toMatchObject({ buckets: 32, maxDistance: 128 });
  const far = headerOf(toyShapes(3), { config: '{"relative_attention_max_distance": 64}' });
  expect(umt5.detect(far)).toMatchObject({ maxDistance: 64 });
});

test("sizes that are none belong to no model", () => {
  expect(umt5.detect(headerOf({ ...toyShapes(2), "shared.weight": [0, 16] }))).toBeNull();
  const bias = `${block(0)}.0.SelfAttention.relative_attention_bias.weight`;
  expect(umt5.detect(headerOf({ ...toyShapes(2), [bias]: [2, 4] }))).toBeNull();
  expect(umt5.detect(headerOf({ ...toyShapes(2), [bias]: [32, 0] }))).toBeNull();
  const near = headerOf(toyShapes(2), { config: '{"relative_attention_max_distance": 3}' });
  expect(umt5.detect(near)).toMatchObject({ maxDistance: 128 });
});

test("T5 has the position bias of all blocks in its first; a UMT5 that lost one is still asked for it", () => {
  const biasOf = (i: number) => `${block(i)}.0.SelfAttention.relative_attention_bias.weight`;
  const names = (shapes: Record<string, readonly number[]>) => {
    const config = umt5.detect(headerOf(shapes))!;
    return { config, names: umt5.tensors(config).map(({ name }) => name) };
  };
  const shapes = toyShapes(3);
  delete shapes[biasOf(1)];
  const lost = names(shapes);
  expect(lost.config).toMatchObject({ sharedBias: false });
  expect(lost.names).toContain(biasOf(1));
  delete shapes[biasOf(2)];
  const t5 = names(shapes);
  expect(t5.config).toMatchObject({ sharedBias: true });
  expect(t5.names).toContain(biasOf(0));
  expect(t5.names).not.toContain(biasOf(1));
});

test("names of both kinds of files", () => {
  const [transformers, original] = umt5.namings;
  const attn = `${block(7)}.0.SelfAttention`;
  expect(transformers?.canonical("encoder.embed_tokens.weight")).toBe("shared.weight");
  expect(transformers?.canonical(`${attn}.q.weight`)).toBe(`${attn}.q.weight`);
  expect(transformers?.canonical("decoder.block.0.layer.0.SelfAttention.q.weight")).toBeNull();
  const names: [string, string | null][] = [
    ["token_embedding.weight", "shared.weight"],
    ["blocks.7.attn.q.weight", `${attn}.q.weight`],
    ["blocks.7.pos_embedding.embedding.weight", `${attn}.relative_attention_bias.weight`],
    ["blocks.7.ffn.gate.0.weight", `${block(7)}.1.DenseReluDense.wi_0.weight`],
    ["blocks.7.norm2.weight", `${block(7)}.1.layer_norm.weight`],
    ["norm.weight", "encoder.final_layer_norm.weight"],
    ["blocks.7.self_attn.q.weight", null],
  ];
  expect(names.map(([name]) => [name, original?.canonical(name)])).toEqual(names);
});

/** Rounds as a GPU does. */
function roundingDevice(): Device {
  const device = openDevice("cpu", { precision: "bf16" });
  return Object.defineProperty(device, "activations", { value: "bf16" });
}

describe.skipIf(!present)(`reference data (${NO_SHARED})`, () => {
  test.each([
    { index: 0, rounds: false },
    { index: 1, rounds: false },
    { index: 0, rounds: true },
    { index: 1, rounds: true },
  ])("prompt $index, activations in bfloat16: $rounds", async ({ index, rounds }) => {
    const device = rounds ? roundingDevice() : testDevice();
    const golden = sharedTensors(`${folder}/io.safetensors`);
    using opened = openModel(umt5, sharedPath(`${folder}/weights.safetensors`), device);
    const [, rows = 0] = golden.get("input_ids").shape;
    const row = (name: string) => golden.get(name).values.slice(index * rows, (index + 1) * rows);
    const used = row("attention_mask").reduce((sum, value) => sum + value, 0);
    using result = opened.model.forward(Int32Array.from(row("input_ids").slice(0, used)));
    expect(result.shape).toEqual([used, 64]);
    const start = index * rows * 64;
    const expected = golden.get("out").values.slice(start, start + used * 64);
    const error = relativeError(await result.read(), expected);
    expect(error).toBeLessThan(rounds ? ROUNDED_BOUND : BOUND);
  });
});

test.each([
  [32, 128, [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 23, 32, 46, 64, 91]],
  [32, 64, [1, 2, 3, 4, 5, 6, 7, 8, 11, 14, 18, 23, 30, 39, 50]],
  [16, 128, [1, 2, 3, 4, 10, 23, 54]],
])("%i buckets to distance %i begin where the reference's do", (buckets, maxDistance, starts) => {
  const n = 200;
  const line = distanceBuckets({ buckets, maxDistance }, n);
  expect(line.length).toBe(2 * n - 1);
  const bucketOf = (distance: number) => starts.filter((start) => start <= distance).length;
  for (let offset = 1 - n; offset < n; offset++) {
    const expected = bucketOf(Math.abs(offset)) + (offset > 0 ? buckets / 2 : 0);
    expect([offset, line[n - 1 + offset]]).toEqual([offset, expected]);
  }
});

test("ids that the vocabulary does not have are refused", async () => {
  const device = openDevice("null");
  using opened = planModel(umt5, headerOf(toyShapes(1)), device);
  expect(() => opened.model.forward(Int32Array.of(1, 40))).toThrow(/ids from 0 to 39, got 40/);
  expect(() => opened.model.forward(Int32Array.of(-1))).toThrow(/got -1/);
  expect(() => opened.model.forward(Int32Array.of())).toThrow(/got none/);
  opened[Symbol.dispose]();
  await expectNoLiveTensors(device);
});

test.skipIf(sharedDir() === null)(
  `the published size on the null device (${NO_SHARED})`,
  async () => {
    const manifests = sharedJson<Record<string, Record<string, number[]>>>(
      "goldens/wan/manifests/wan.json",
    );
    const manifest = manifests["umt5_xxl"] ?? {};
    const device = openDevice("null");
    using opened = planModel(umt5, headerOf(manifest), device);
    const specs = umt5.tensors(opened.config).map(({ name, shape }) => [name, shape]);
    expect(Object.fromEntries(specs)).toEqual(manifest);
    scope(() => expect(opened.model.forward(new Int32Array(120)).shape).toEqual([120, 4096]));
    expect([...opened.weights.asked].sort()).toEqual(Object.keys(manifest).sort());
  },
);
