import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { radialMask } from "#runtime/attention/radial";
import { loadFamilies } from "#runtime/engine/models/families";
import { ModelManager } from "#runtime/engine/models/manager";
import hunyuanVideo from "#runtime/models/hunyuan-video";
import type { rowChunks } from "#runtime/nn/row-chunks";
import { modelRecipe } from "#runtime/sdk/recipes";
import type { ModelRecipe } from "#runtime/sdk/values";
import type { DiffusionInput, DiffusionModel } from "#runtime/sdk/model";
import { openDevice } from "#runtime/tensor/devices";
import { cast } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import { writeSafetensors, type StoredTensor } from "#runtime/weights/write";
import { headerOf, openModel, planModel } from "../helpers/model-weights.ts";
import { temporaryFolder } from "../helpers/safetensors-bytes.ts";
import { NO_SHARED, sharedDir, sharedJson, sharedPath, sharedTensors } from "../helpers/shared.ts";
import { f32 } from "../helpers/stored-tensors.ts";
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

function toyHeader(extra: Record<string, number[]> = {}) {
  const refiner = "txt_in.individual_token_refiner.blocks.0";
  return headerOf({
    "img_in.proj.weight": [64, 16, 1, 2, 2],
    "txt_in.input_embedder.weight": [64, 24],
    [`${refiner}.mlp.fc1.weight`]: [96, 64],
    "vector_in.in_layer.weight": [64, 20],
    "time_in.mlp.0.weight": [64, 32],
    "guidance_in.mlp.0.weight": [64, 32],
    "double_blocks.0.img_attn_q_norm.weight": [16],
    "double_blocks.0.img_mlp.fc1.weight": [128, 64],
    "single_blocks.0.linear2.weight": [64, 192],
    "final_layer.linear.weight": [64, 64],
    ...extra,
  });
}

function configOf(header: ReturnType<typeof toyHeader>) {
  const config = hunyuanVideo.detect(header);
  if (config === null) throw new Error("Expected a checkpoint that is recognised.");
  return config;
}

describe("configuration", () => {
  test("all sizes come from shapes", () => {
    expect(hunyuanVideo.detect(toyHeader({ "single_blocks.2.linear2.bias": [64] }))).toMatchObject({
      dim: 64,
      headDim: 16,
      doubleBlocks: 1,
      singleBlocks: 3,
      refinerBlocks: 1,
      refinerMlpDim: 96,
      pooledDim: 20,
      guided: true,
    });
  });

  test("kin that is not run says so; others are not recognised", () => {
    const imageToVideo = toyHeader({ "img_in.proj.weight": [64, 33, 1, 2, 2] });
    expect(hunyuanVideo.detect(imageToVideo)).toBeNull();
    expect(hunyuanVideo.unsupported?.(imageToVideo)).toMatch(/image-to-video.*33 channels/);
    const withoutPooled = toyHeader({ "vector_in.in_layer.weight": [] });
    expect(hunyuanVideo.unsupported?.(withoutPooled)).toMatch(/pooled/);
    for (const [name, shape] of [
      ["img_in.proj.weight", [0, 16, 1, 2, 2]],
      ["double_blocks.0.img_attn_q_norm.weight", [15]],
      ["time_in.mlp.0.weight", [64, 31]],
    ] as const) {
      expect(hunyuanVideo.detect(toyHeader({ [name]: [...shape] }))).toBeNull();
    }
  });

  test("a pass reads every tensor once it is planned", () => {
    const header = headerOf(
      Object.fromEntries(
        hunyuanVideo.tensors(configOf(toyHeader())).map(({ name, shape }) => [name, shape]),
      ),
    );
    const device = openDevice("null");
    using planned = planModel(hunyuanVideo, header, device);
    using latent = device.empty([16, 2, 5, 6]);
    using context = device.empty([7, 24]);
    using flow = planned.model.forward({ latent, context, timestep: 1000 });
    expect(flow.shape).toEqual([16, 2, 5, 6]);
    expect([...planned.weights.asked].toSorted()).toEqual([...header.tensors.keys()].toSorted());
  });
});

test("float8 is offered for the layers of the blocks alone", () => {
  const [{ config }] = hunyuanVideo.published as [(typeof hunyuanVideo.published)[number]];
  const matrices = hunyuanVideo.tensors(config).filter(({ shape }) => shape.length === 2);
  const offered = matrices.filter(({ name }) => hunyuanVideo.quantizes?.(name));
  // Two streams of four in a double block, two in a single one.
  expect(offered.length).toBe(20 * 2 * 4 + 40 * 2);
  expect(offered.filter(({ name }) => /mod|txt_in|_in\.|final/.test(name))).toEqual([]);
});

describe("errors", () => {
  test("inputs of another model are refused in words", async () => {
    const device = openDevice("null");
    using planned = planModel(hunyuanVideo, toyHeader(), device);
    using latent = device.empty([16, 2, 4, 4]);
    using context = device.empty([7, 24]);
    using other = device.empty([7, 25]);
    using pooled = device.empty([21]);
    const run = (input: Partial<DiffusionInput>) => () =>
      planned.model.forward({ latent, context, timestep: 1, ...input });
    expect(run({ latent: context })).toThrow(/Expected a latent \[16, frames, height, width\]/);
    expect(run({ context: other })).toThrow(/DualCLIPLoader/);
    expect(run({ extra: { pooled } })).toThrow(/pooled text embedding of 20 numbers, got 21/);
    await expectNoLiveTensors();
  });
});

const folder = "goldens/hunyuan/hunyuan-dit";
const present = sharedDir() !== null && existsSync(sharedPath(folder));
const managers: ModelManager[] = [];
afterEach(() => {
  for (const manager of managers.splice(0)) manager.release();
});

interface Recipe {
  readonly op: string;
  readonly from: readonly string[];
}

describe.skipIf(!present)(`reference data (${NO_SHARED})`, () => {
  const device = testDevice();
  const files = temporaryFolder();

  async function withModel<T>(
    path: string,
    body: (model: DiffusionModel) => Promise<T>,
    weightType?: ModelRecipe["weightType"],
  ) {
    const manager = new ModelManager({ device, families: await loadFamilies() });
    managers.push(manager);
    const checkpoint = manager.identify(path, "diffusion");
    using lease = await manager.diffusion(modelRecipe(checkpoint, weightType));
    return body(lease.instance);
  }

  /** Output for the first stored input, with as many rows of text as the mask leaves. */
  function outputOf(
    path: string,
    file = "io.safetensors",
    attention?: DiffusionInput["attention"],
    weightType?: ModelRecipe["weightType"],
  ) {
    const golden = sharedTensors(`${folder}/${file}`);
    const first = (name: string) => {
      const { shape, values } = golden.get(name);
      const size = shape.slice(1).reduce((a, b) => a * b, 1);
      return { shape: shape.slice(1), values: values.slice(0, size) };
    };
    const [x, text, pooled] = [first("x"), first("text_states"), first("clip_pooled")];
    const used = first("text_mask").values.lastIndexOf(1) + 1;
    const width = text.shape[1]!;
    const run = async (model: DiffusionModel) => {
      using out = scope(() =>
        model.forward({
          latent: device.tensor(x.values, x.shape),
          timestep: golden.get("timestep").values[0]!,
          context: device.tensor(text.values.slice(0, used * width), [used, width]),
          extra: {
            pooled: device.tensor(pooled.values, pooled.shape),
            guidance: golden.get("guidance").values[0]! / 1000,
          },
          ...(attention === undefined ? {} : { attention }),
        }),
      );
      return { values: await out.read(), expected: first("out").values };
    };
    return withModel(path, run, weightType);
  }

  const weights = () => sharedTensors(`${folder}/weights.safetensors`);

  function write(name: string, tensors: Record<string, StoredTensor>): string {
    const path = join(files, name);
    writeSafetensors(path, new Map(Object.entries(tensors)));
    return path;
  }

  test("the original's output", async () => {
    const { values, expected } = await outputOf(sharedPath(`${folder}/weights.safetensors`));
    expect(relativeError(values, expected)).toBeLessThan(BOUND);
  });

  test("layers over some rows at a time change no byte", async () => {
    // The manager's families are loaded apart from what a test can stand in for.
    using opened = openModel(hunyuanVideo, sharedPath(`${folder}/weights.safetensors`), device);
    const x = sharedTensors(`${folder}/io.safetensors`).get("x");
    const forward = async () => {
      using out = scope(() =>
        opened.model.forward({
          latent: device.tensor(x.values.slice(0, x.values.length / x.shape[0]!), x.shape.slice(1)),
          timestep: 300,
          context: device.tensor(randomArray(40 * opened.config.textDim, 1), [
            40,
            opened.config.textDim,
          ]),
        }),
      );
      return Buffer.from(await out.readRaw());
    };
    const whole = await forward();
    const cut = vi.fn<typeof rowChunks>((rows) => [
      [0, rows - 17],
      [rows - 17, rows],
    ]);
    chunks.of = cut;
    const parts = await forward();
    chunks.of = null;
    expect(cut).toHaveBeenCalled();
    expect(parts.equals(whole)).toBe(true);
  });

  test("a radial mask changes the result as it does in the original", async () => {
    const mask = radialMask({
      tokensPerFrame: 128,
      frames: 16,
      textTokens: 0,
      decayFactor: 0.95,
      blockSize: 128,
      kind: "hunyuan",
    });
    const path = sharedPath(`${folder}/weights.safetensors`);
    const file = "radial_tpf128_f16_decay0.95_dense1.safetensors";
    const sparse = await outputOf(path, file, (layer) => (layer < 1 ? null : mask));
    expect(relativeError(sparse.values, sparse.expected)).toBeLessThan(BOUND);
    const dense = await outputOf(path, file);
    expect(relativeError(dense.values, dense.expected)).toBeGreaterThan(10 * BOUND);
  });

  test("the same model under diffusers' names, its products in parts", async () => {
    const map = sharedJson<{ original: Record<string, Recipe> }>(
      `${folder}/diffusers_to_original.json`,
    );
    const stored: Record<string, StoredTensor> = {};
    for (const [name, { op, from }] of Object.entries(map.original)) {
      const { shape, values } = weights().get(name);
      const [rows = 0, ...rest] = shape;
      const width = rest.reduce((a, b) => a * b, 1);
      const lengths = from.map((_, i) => {
        if (op !== "concat_rows") return rows;
        return i === 3 ? rows - 3 * 128 : 128;
      });
      let at = 0;
      for (const [i, own] of from.entries()) {
        const length = lengths[i]!;
        const part = values.slice(at * width, (at + length) * width);
        const half = part.length / 2;
        const ordered = op === "swap_halves" ? [...part.slice(half), ...part.slice(0, half)] : part;
        stored[own] = f32(ordered, [length, ...rest]);
        at += length;
      }
    }
    const { values, expected } = await outputOf(write("diffusers.safetensors", stored));
    expect(relativeError(values, expected)).toBeLessThan(BOUND);
  });

  test.each(["", "model.model.", "model.diffusion_model."])(
    "the same model under ComfyUI's names below '%s', float8 with scales",
    async (prefix) => {
      const { names } = sharedJson<{ names: Record<string, string> }>(
        `${folder}/comfyui_to_original.json`,
      );
      const stored: Record<string, StoredTensor> = {};
      const plain: Record<string, StoredTensor> = {};
      for (const [own, name] of Object.entries(names)) {
        const { shape, values } = weights().get(name);
        const isMatrix = shape.length === 2 && name.includes("_blocks.");
        plain[name] = f32(values, shape);
        if (!isMatrix) {
          stored[prefix + own] = f32(values, shape);
          continue;
        }
        const scale = Math.max(...values.map(Math.abs)) / 400;
        using rounded = scope(() =>
          cast(
            device.tensor(
              values.map((value) => value / Math.fround(scale)),
              shape,
            ),
            "f8_e4m3",
          ),
        );
        const bytes = await rounded.readRaw();
        stored[prefix + own] = { storedType: "F8_E4M3", shape, bytes };
        stored[prefix + own.replace(/weight$/, "scale_weight")] = f32([scale], []);
        plain[name] = f32(
          (await rounded.read()).map((value) => value * Math.fround(scale)),
          shape,
        );
      }
      stored[`${prefix}scaled_fp8`] = {
        storedType: "F8_E4M3",
        shape: [0],
        bytes: new Uint8Array(),
      };
      const scaled = await outputOf(write(`comfy${prefix.length}.safetensors`, stored));
      const exact = await outputOf(write(`plain${prefix.length}.safetensors`, plain));
      expect(relativeError(scaled.values, exact.values)).toBeLessThan(1e-6);
      expect(relativeError(scaled.values, scaled.expected)).toBeGreaterThan(1e-3);
    },
  );

  test("float8 products stay near the original's output", async () => {
    const path = sharedPath(`${folder}/weights.safetensors`);
    const fast = await outputOf(path, "io.safetensors", undefined, "fp8_e4m3fn_fast");
    const error = relativeError(fast.values, fast.expected);
    expect(error).toBeGreaterThan(10 * BOUND);
    expect(error).toBeLessThan(0.1);
  });

  test("guidance and pooled text are heard", async () => {
    const path = sharedPath(`${folder}/weights.safetensors`);
    const results = await withModel(path, async (model) => {
      const run = async (guidance: number, seed: number) => {
        using out = scope(() =>
          model.forward({
            latent: device.tensor(randomArray(16 * 96, 1), [16, 2, 6, 8]),
            timestep: 500,
            context: device.tensor(randomArray(5 * 64, 2), [5, 64]),
            extra: { guidance, pooled: device.tensor(randomArray(48, seed), [48]) },
          }),
        );
        return out.read();
      };
      return [await run(6, 3), await run(1, 3), await run(6, 4)];
    });
    const [first, ...others] = results as [Float32Array, ...Float32Array[]];
    for (const other of others) expect(relativeError(other, first)).toBeGreaterThan(1e-3);
  });
});
