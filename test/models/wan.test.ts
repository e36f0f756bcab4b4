import { existsSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { radialMask } from "#runtime/attention/radial";
import wan from "#runtime/models/wan";
import type { rowChunks } from "#runtime/nn/row-chunks";
import type { CheckpointHeader, DiffusionInput } from "#runtime/sdk/model";
import type { Device } from "#runtime/tensor/device";
import { openDevice } from "#runtime/tensor/devices";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { headerOf, openModel, planModel, TestWeights } from "../helpers/model-weights.ts";
import { NO_SHARED, sharedDir, sharedJson, sharedPath, sharedTensors } from "../helpers/shared.ts";
import {
  checkLiveTensorsAtEnd,
  expectNoLiveTensors,
  randomArray,
  relativeError,
  testDevice,
} from "../helpers/tensors.ts";

checkLiveTensorsAtEnd();

const chunks = vi.hoisted<{ of: typeof rowChunks | null }>(() => ({ of: null }));
vi.mock("#runtime/nn/row-chunks", async (load) => {
  const actual = await load<{ rowChunks: typeof rowChunks }>();
  return { rowChunks: (rows: number) => (chunks.of ?? actual.rowChunks)(rows) };
});

/** Bound of the reference data for single precision. */
const BOUND = 2e-4;

function toyHeader(
  changes: { dim?: number; channels?: number; extra?: Record<string, number[]> } = {},
  metadata: Record<string, string> = {},
): CheckpointHeader {
  const { dim = 256, channels = 16, extra = {} } = changes;
  const shapes: Record<string, readonly number[]> = {
    "patch_embedding.weight": [dim, channels, 1, 2, 2],
    "text_embedding.0.weight": [dim, 32],
    "time_embedding.0.weight": [dim, 64],
    "head.head.weight": [64, dim],
    "blocks.0.ffn.0.weight": [512, dim],
    "blocks.0.self_attn.norm_q.weight": [dim],
    "blocks.1.ffn.0.weight": [512, dim],
    ...extra,
  };
  return headerOf(shapes, metadata);
}

function configOf(header: CheckpointHeader) {
  const config = wan.detect(header);
  if (config === null) throw new Error("Expected a checkpoint that is recognised.");
  return config;
}

/** A header with every tensor of the toy configuration. */
function wholeToy(heads = 2): CheckpointHeader {
  const specs = wan
    .tensors(configOf(toyHeader({}, { num_heads: String(heads) })))
    .map(({ name, shape }) => [name, shape] as const);
  return headerOf(Object.fromEntries(specs), { num_heads: String(heads) });
}

describe("configuration", () => {
  test("sizes come from shapes, heads from the width or the metadata", () => {
    const config = wan.detect(toyHeader());
    expect(config).toMatchObject({ dim: 256, ffnDim: 512, layers: 2, heads: 2, textLength: 512 });
    expect(wan.detect(toyHeader({}, { num_heads: "4" }))).toMatchObject({ heads: 4 });
    const metadata = { config: '{"num_heads": 8, "eps": 1e-5, "text_len": 64}' };
    expect(wan.detect(toyHeader({}, metadata))).toMatchObject({
      heads: 8,
      eps: 1e-5,
      textLength: 64,
    });
  });

  test("senseless metadata does not reach the model", () => {
    for (const heads of ["0", "-1", "1.5", "3", "1e9", "x"]) {
      expect(wan.detect(toyHeader({}, { num_heads: heads }))).toMatchObject({ heads: 2 });
    }
    expect(wan.detect(toyHeader({}, { config: "{" }))).toMatchObject({ heads: 2 });
  });

  test("variants that are not run say so", () => {
    expect(wan.unsupported?.(toyHeader())).toBeNull();
    const inpaint = toyHeader({ channels: 33 });
    expect(wan.detect(inpaint)).toBeNull();
    expect(wan.unsupported?.(inpaint)).toMatch(/33 channels in and 16 out/);
    const narrow = toyHeader({ dim: 96 });
    expect(wan.detect(narrow)).toBeNull();
    expect(wan.unsupported?.(narrow)).toMatch(/no multiple of 128/);
    expect(wan.detect(headerOf({ "shared.weight": [8, 8] }))).toBeNull();
    expect(wan.unsupported?.(headerOf({ "shared.weight": [8, 8] }))).toBeNull();
  });

  test("sizes that are none belong to no model", () => {
    const empty = { "text_embedding.0.weight": [256, 0] };
    expect(wan.detect(toyHeader({ extra: empty }))).toBeNull();
    expect(wan.detect(toyHeader({ extra: { "time_embedding.0.weight": [256, 63] } }))).toBeNull();
    expect(
      wan.detect(toyHeader({ extra: { "patch_embedding.weight": [0, 16, 1, 2, 2] } })),
    ).toBeNull();
    expect(
      wan.detect(toyHeader({ extra: { "patch_embedding.weight": [256, 16, 0, 2, 2] } })),
    ).toBeNull();
  });

  test("a lost block is asked for", () => {
    const config = configOf(toyHeader({ extra: { "blocks.3.ffn.0.weight": [512, 256] } }));
    expect(config.layers).toBe(4);
    expect(wan.tensors(config).map(({ name }) => name)).toContain("blocks.2.modulation");
  });

  test("a block number in the thousands of millions makes no list of that length", () => {
    const header = toyHeader({ extra: { "blocks.4000000000.ffn.0.weight": [1, 1] } });
    expect(wan.detect(header)).toMatchObject({ layers: 2 });
  });
});

describe("image to video", () => {
  test("36 channels in, with and without attention to a picture", () => {
    expect(wan.detect(toyHeader({ channels: 36 }))).toMatchObject({
      channels: 16,
      conditionChannels: 20,
      image: null,
    });
    const extra = { "img_emb.proj.1.weight": [160, 160], "img_emb.emb_pos": [1, 514, 160] };
    const config = wan.detect(toyHeader({ channels: 36, extra }));
    expect(config).toMatchObject({ image: { width: 160, positions: 514 } });
    expect(config === null ? [] : wan.tensors(config).map(({ name }) => name)).toEqual(
      expect.arrayContaining(["blocks.1.cross_attn.k_img.weight", "img_emb.emb_pos"]),
    );
  });

  test("inputs of another size are refused", () => {
    const device = openDevice("null");
    const specs = wan
      .tensors(configOf(toyHeader({ channels: 36 })))
      .map(({ name, shape }) => [name, shape] as const);
    using opened = planModel(wan, headerOf(Object.fromEntries(specs)), device);
    const forward = (shape: number[]) =>
      scope(() =>
        opened.model.forward({
          latent: device.empty([16, 2, 4, 4]),
          timestep: 1,
          context: device.empty([2, 32]),
          extra: { concat_mask: device.empty(shape) },
        }),
      );
    expect(() => forward([4, 3, 4, 4])).toThrow(/Expected concat_mask \[4, 2, 4, 4\]/);
    scope(() => forward([4, 2, 4, 4]));
  });
});

describe("names", () => {
  const original = wan.namings[0]!;
  const diffusers = wan.namings[1]!;

  test("every canonical name is its own", () => {
    const names = wan.tensors(configOf(toyHeader())).map(({ name }) => name);
    expect(names.map((name) => original.canonical(name))).toEqual(names);
    expect(original.canonical("blocks.0.attn1.to_q.weight")).toBeNull();
    expect(diffusers.canonical("blocks.0.self_attn.q.weight")).toBeNull();
    expect(diffusers.canonical("blocks.123.attn2.to_out.0.bias")).toBe(
      "blocks.123.cross_attn.o.bias",
    );
  });

  test
    .skipIf(sharedDir() === null)
    .each([
      "goldens/wan/wan-dit/diffusers_to_original.json",
      "goldens/wan-i2v/dit/diffusers_to_original.json",
    ])(`%s (${NO_SHARED})`, (path) => {
    const map = sharedJson<Record<string, string>>(path);
    const found = Object.keys(map).map((name) => [name, diffusers.canonical(name)]);
    expect(Object.fromEntries(found)).toEqual(map);
  });
});

const folder = "goldens/wan/wan-dit";
const present = sharedDir() !== null && existsSync(sharedPath(folder));

describe.skipIf(!present)(`reference data (${NO_SHARED})`, () => {
  const device = testDevice();

  /** One item of a stored batch. */
  function item(tensor: { shape: readonly number[]; values: Float32Array }, index: number): Tensor {
    const shape = tensor.shape.slice(1);
    const size = shape.reduce((a, b) => a * b, 1);
    return device.tensor(tensor.values.slice(index * size, (index + 1) * size), shape);
  }

  async function errorOf(
    file: string,
    output: string,
    index: number,
    attention?: DiffusionInput["attention"],
  ): Promise<number> {
    const golden = sharedTensors(`${folder}/${file}`);
    using opened = openModel(wan, sharedPath(`${folder}/weights.safetensors`), device);
    const context = golden.get("context");
    const [, rows = 0, width = 0] = context.shape;
    const text = context.values.subarray(index * rows * width, (index + 1) * rows * width);
    const used = 1 + text.findLastIndex((value) => value !== 0) / width;
    const result = scope(() =>
      opened.model.forward({
        latent: item(golden.get("x"), index),
        timestep: golden.get("timestep").values[index]!,
        context: device.tensor(text.slice(0, Math.ceil(used) * width), [Math.ceil(used), width]),
        ...(attention === undefined ? {} : { attention }),
      }),
    );
    const expected = golden.get(output).values;
    const size = result.numel;
    const values = await result.read();
    result[Symbol.dispose]();
    return relativeError(values, expected.subarray(index * size, (index + 1) * size));
  }

  test.each([0, 1])("dense forward, item %i", async (index) => {
    const error = await errorOf("io.safetensors", "out", index);
    expect(error).toBeLessThan(BOUND);
  });

  test.each([
    ["radial_decay0.2_dense1.safetensors", 0.2, 1],
    ["radial_decay1.0_dense0.safetensors", 1, 0],
  ])("radial forward, %s", async (file, decayFactor, denseLayers) => {
    const mask = radialMask({
      tokensPerFrame: 256,
      frames: 9,
      textTokens: 0,
      decayFactor,
      blockSize: 128,
      kind: "wan",
    });
    const error = await errorOf(file, "out", 0, (layer) => (layer < denseLayers ? null : mask));
    expect(error).toBeLessThan(BOUND);
    expect(await errorOf(file, "out_dense", 0)).toBeLessThan(BOUND);
  });
});

describe("forward", () => {
  test("a latent of odd sizes is continued by its own start and cut again", async () => {
    const device = testDevice();
    const header = wholeToy();
    using opened = planModel(wan, header, openDevice("null"));
    const latent = opened.weights.device.tensor(new Float32Array(16 * 2 * 5 * 7), [16, 2, 5, 7]);
    const context = opened.weights.device.tensor(new Float32Array(3 * 32), [3, 32]);
    const result = opened.model.forward({ latent, timestep: 500, context });
    expect(result.shape).toEqual([16, 2, 5, 7]);
    expect(wan.tokenGrid(opened.config, latent.shape)).toEqual({ frames: 2, height: 3, width: 4 });
    for (const tensor of [latent, context, result]) tensor[Symbol.dispose]();
    await expectNoLiveTensors(device);
  });

  test("wrong latents, texts and masks are refused", () => {
    const device = openDevice("null");
    using opened = planModel(wan, wholeToy(), device);
    const forward = (latentShape: number[], contextShape: number[], tokens: number) =>
      scope(() =>
        opened.model.forward({
          latent: device.empty(latentShape),
          timestep: 1,
          context: device.empty(contextShape),
          attention: () => ({
            blockSize: 64,
            tokens,
            groups: 1,
            rowPtr: Int32Array.of(0, 1),
            col: Int32Array.of(0),
          }),
        }),
      );
    expect(() => forward([8, 1, 4, 4], [2, 32], 4)).toThrow(/Expected a latent \[16/);
    expect(() => forward([16, 1, 4, 4], [2, 64], 4)).toThrow(/Expected a text embedding/);
    expect(() => forward([16, 1, 4, 4], [2, 32], 9)).toThrow(/mask over 4 tokens, got one over 9/);
    expect(() => scope(() => forward([16, 1, 4, 4], [2, 32], 4))).not.toThrow();
  });

  test("more text rows than the trained length are all attended, without padding", async () => {
    const device = openDevice("null");
    const header = wholeToy();
    using opened = planModel(wan, { ...header, metadata: { config: '{"text_len": 4}' } }, device);
    const flops = (rows: number) => {
      const before = device.flops().get("attention") ?? 0;
      scope(() => {
        opened.model.forward({
          latent: device.empty([16, 1, 4, 4]),
          timestep: 1,
          context: device.empty([rows, 32]),
        });
      });
      return (device.flops().get("attention") ?? 0) - before;
    };
    // 4 tokens, 2 layers: the self-attention's part is the same, a key costs 4 * 4 * 256.
    expect(flops(6) - flops(3)).toBe(2 * (6 - 4) * 4 * 4 * 256);
  });
});

describe.skipIf(sharedDir() === null)(`published sizes on the null device (${NO_SHARED})`, () => {
  const manifests =
    sharedDir() === null
      ? {}
      : sharedJson<Record<string, Record<string, number[]>>>("goldens/wan/manifests/wan.json");

  test.each(["wan2.1_t2v_14B", "wan2.1_t2v_1.3B"])("%s", async (name) => {
    const header = headerOf(manifests[name] ?? {});
    const device = openDevice("null");
    using opened = planModel(wan, header, device);
    expect(new Map(wan.tensors(opened.config).map((spec) => [spec.name, spec.shape]))).toEqual(
      new Map(Object.entries(manifests[name] ?? {})),
    );
    // 768 x 1280, 69 frames
    scope(() => {
      const result = opened.model.forward({
        latent: device.empty([16, 18, 96, 160]),
        timestep: 999,
        context: device.empty([77, 4096]),
      });
      expect(result.shape).toEqual([16, 18, 96, 160]);
    });
    expect([...opened.weights.asked].sort()).toEqual([...header.tensors.keys()].sort());
    opened[Symbol.dispose]();
    await expectNoLiveTensors(device);
  });
});

/** The toy with random weights on a device, and what it predicts for a prompt of 5 tokens and zero rows behind it. */
function randomToy(device: Device) {
  const header = wholeToy();
  const weights = new TestWeights(device, header.tensors.keys(), (name) => {
    const shape = header.tensors.get(name)?.shape ?? [];
    const size = shape.reduce((a, b) => a * b, 1);
    return device.tensor(randomArray(size, name.length + size, 0.1), shape);
  });
  const model = wan.create(configOf(header), weights);
  const forward = async (rows: number, input: Partial<DiffusionInput> = {}) => {
    const text = new Float32Array(rows * 32);
    text.set(randomArray(5 * 32, 1));
    using result = scope(() =>
      model.forward({
        latent: device.tensor(randomArray(16 * 2 * 16 * 16, 2), [16, 2, 16, 16]),
        timestep: 300,
        context: device.tensor(text, [rows, 32]),
        ...input,
      }),
    );
    return await result.read();
  };
  return { forward, [Symbol.dispose]: () => weights[Symbol.dispose]() };
}

test("one padding key with a bias equals the zero rows written out", async () => {
  using toy = randomToy(testDevice());
  const whole = await toy.forward(512);
  expect(relativeError(await toy.forward(5), whole)).toBeLessThan(1e-5);
  expect(relativeError(await toy.forward(200), whole)).toBeLessThan(1e-5);
});

test("the number of threads changes no byte", async () => {
  const predicted = async (threads: number) => {
    const device = openDevice("cpu", { threads });
    using toy = randomToy(device);
    return Buffer.from((await toy.forward(5)).buffer);
  };
  const one = await predicted(1);
  expect(one.equals(await predicted(2))).toBe(true);
  expect(one.equals(await predicted(3))).toBe(true);
});

test.each([
  ["one timestep", {}],
  [
    "a timestep for each frame",
    { unknown: Float32Array.from({ length: 512 }, (_, i) => (i < 256 ? 0 : 1)) },
  ],
])("projections of some rows at a time change no byte, with %s", async (_, input) => {
  using toy = randomToy(testDevice());
  const whole = await toy.forward(5, input);
  chunks.of = (rows) => [
    [0, 50],
    [50, 90],
    [90, rows],
  ];
  const parts = await toy.forward(5, input);
  chunks.of = null;
  expect(Buffer.compare(Buffer.from(parts.buffer), Buffer.from(whole.buffer))).toBe(0);
  expect(parts.some((value) => value !== 0)).toBe(true);
});
