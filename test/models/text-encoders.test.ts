import { describe, expect, test } from "vitest";
import clipText from "#runtime/models/clip-text";
import llama from "#runtime/models/llama";
import { scope } from "#runtime/tensor/scope";
import { headerOf, TestWeights } from "../helpers/model-weights.ts";
import {
  checkLiveTensorsAtEnd,
  randomArray,
  relativeError,
  testDevice,
} from "../helpers/tensors.ts";

checkLiveTensorsAtEnd();
const device = testDevice();

const LLAMA = {
  vocabulary: 20,
  width: 24,
  heads: 4,
  keyHeads: 2,
  headDim: 6,
  hidden: 32,
  layers: 3,
  theta: 500_000,
  eps: 1e-5,
  pairs: "halves" as const,
};
const CLIP = { vocabulary: 20, width: 24, heads: 2, hidden: 32, layers: 2, positions: 9 };

type Family = typeof llama | typeof clipText;

function weightsOf(family: Family, config: never) {
  const specs = new Map(
    family.tensors(config).map(({ name, shape }, seed) => [name, { shape, seed }] as const),
  );
  return new TestWeights(device, specs.keys(), (name) => {
    const { shape, seed } = specs.get(name)!;
    return device.tensor(
      randomArray(
        shape.reduce((a, b) => a * b, 1),
        seed,
      ),
      shape,
    );
  });
}

async function rows(family: Family, config: object, ids: readonly number[], skipLayers?: number) {
  using weights = weightsOf(family, config as never);
  const model = family.create(config as never, weights);
  const options = skipLayers === undefined ? {} : { skipLayers };
  using out = scope(() => model.forward(Int32Array.from(ids), options));
  return { values: await out.read(), shape: out.shape, asked: [...weights.asked] };
}

describe.each([
  ["LLaMA", llama as Family, LLAMA],
  ["CLIP", clipText as Family, CLIP],
])("%s", (_, family, config) => {
  test("a token does not see those that follow", async () => {
    const short = await rows(family, config, [3, 7, 1]);
    const long = await rows(family, config, [3, 7, 1, 12, 5]);
    expect(short.shape).toEqual([3, 24]);
    expect(relativeError(long.values.subarray(0, 72), short.values)).toBeLessThan(1e-6);
    const other = await rows(family, config, [4, 7, 1]);
    expect(relativeError(other.values.subarray(48), short.values.subarray(48))).toBeGreaterThan(
      1e-3,
    );
  });

  test("ids outside of the vocabulary are refused", async () => {
    for (const ids of [[], [20], [-1]]) {
      await expect(rows(family, config, ids)).rejects.toThrow(/token ids from 0 to 19/);
    }
  });
});

test("LLaMA: the last blocks can be left out, and the norm with them", async () => {
  const { asked } = await rows(llama, LLAMA, [1, 2], 2);
  expect(asked.some((name) => name.startsWith("layers.0."))).toBe(true);
  expect(asked.some((name) => /^layers\.[12]\.|^norm/.test(name))).toBe(false);
});

test("LLaMA: what stands for padding sees what is looked at alone, wherever it stands", async () => {
  using weights = weightsOf(llama, LLAMA as never);
  const model = llama.create(LLAMA, weights);
  const read = async (ids: readonly number[], seen?: number) => {
    using out = scope(() =>
      model.forward(Int32Array.from(ids), seen === undefined ? {} : { seen }),
    );
    const values = await out.read();
    return ids.map((_, i) => values.subarray(i * LLAMA.width, (i + 1) * LLAMA.width));
  };
  const [start, ...padding] = await read([3, 7, 7, 7], 1);
  const [alone] = await read([3]);
  expect(relativeError(start!, alone!)).toBeLessThan(1e-6);
  for (const row of padding) expect(relativeError(row, padding[0]!)).toBeLessThan(1e-6);
  const [, seeing] = await read([3, 7]);
  expect(relativeError(seeing!, padding[0]!)).toBeGreaterThan(1e-3);
});

test("CLIP: texts longer than its positions are refused", async () => {
  await expect(
    rows(
      clipText,
      CLIP,
      Array.from({ length: 10 }, () => 1),
    ),
  ).rejects.toThrow(/at most 9 tokens/);
});

test("kin are not taken for them", () => {
  const header = headerOf({
    "embed_tokens.weight": [100, 256],
    "layers.0.self_attn.q_proj.weight": [256, 256],
    "layers.0.self_attn.k_proj.weight": [128, 256],
    "layers.0.mlp.gate_proj.weight": [512, 256],
  });
  expect(llama.detect(header)).toMatchObject({ heads: 2, keyHeads: 1, headDim: 128, layers: 1 });
  const normed = new Map(header.tensors);
  normed.set("layers.0.self_attn.q_norm.weight", { shape: [128], dtype: "bf16" });
  expect(llama.detect({ tensors: normed, metadata: {} })).toBeNull();
});
