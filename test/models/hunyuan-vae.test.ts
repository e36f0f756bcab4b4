import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import hunyuanVae from "#runtime/models/hunyuan-vae";
import { openDevice } from "#runtime/tensor/devices";
import { NullDevice } from "#runtime/tensor/null-device";
import { inOwnTiles } from "#runtime/vae/own-tiles";
import { headerOf, openModel, planModel } from "../helpers/model-weights.ts";
import { NO_SHARED, sharedDir, sharedJson, sharedPath, sharedTensors } from "../helpers/shared.ts";
import {
  checkLiveTensorsAtEnd,
  randomArray,
  relativeError,
  testDevice,
} from "../helpers/tensors.ts";

checkLiveTensorsAtEnd();

/** Bound of the reference data for single precision. */
const BOUND = 1e-4;

function wholeHeader(metadata: Record<string, string> = {}) {
  const config = hunyuanVae.published[0]!.config;
  const narrow = { ...config, widths: [32, 64, 64, 64], blocks: 1 };
  return headerOf(
    Object.fromEntries(hunyuanVae.tensors(narrow).map(({ name, shape }) => [name, shape])),
    metadata,
  );
}

test("sizes come from shapes, groups and tiles from the metadata", () => {
  expect(hunyuanVae.detect(wholeHeader())).toMatchObject({
    widths: [32, 64, 64, 64],
    blocks: 1,
    groups: 32,
    tileSize: 256,
    tileFrames: 64,
  });
  const config = JSON.stringify({ norm_num_groups: 8, sample_size: 64, sample_tsize: -4 });
  expect(hunyuanVae.detect(wholeHeader({ config }))).toMatchObject({
    groups: 8,
    tileSize: 64,
    tileFrames: 64,
  });
  const odd = JSON.stringify({ norm_num_groups: 7 });
  expect(hunyuanVae.detect(wholeHeader({ config: odd }))).toBeNull();
});

test("frames that do not fit are refused", async () => {
  const device = openDevice("null");
  using planned = planModel(hunyuanVae, wholeHeader(), device);
  const { model } = planned;
  await expect(model.encode(0, async () => device.empty([1]))).rejects.toThrow(/one frame/);
  await expect(model.encode(1, async () => device.empty([1, 12, 16, 3]))).rejects.toThrow(
    /multiples of 8/,
  );
  using z = device.empty([4, 1, 2, 2]);
  await expect(model.decode(z, async () => {})).rejects.toThrow(
    /Expected a latent \[16, T, h, w\]/,
  );
  expect(device.memory().liveTensors).toBeGreaterThan(0);
});

test("a plan in tiles counts every frame and holds none on the host", async () => {
  const device = openDevice("null");
  using planned = planModel(hunyuanVae, wholeHeader(), device);
  using z = device.empty([16, 33, 90, 160]);
  let frames = 0;
  await inOwnTiles(planned.model, hunyuanVae.latent).decode(z, async (part, first) => {
    expect(first).toBe(frames);
    expect(part.shape.slice(1)).toEqual([720, 1280, 3]);
    frames += part.shape[0]!;
  });
  expect(frames).toBe(129);
});

test("tiles say how far they are, and stop when they are told to", async () => {
  const device = openDevice("null");
  using planned = planModel(hunyuanVae, wholeHeader(), device);
  using z = device.empty([16, 17, 40, 60]);
  const vae = inOwnTiles(planned.model, hunyuanVae.latent);
  const shares: number[] = [];
  await vae.decode(
    z,
    async () => {},
    (share) => shares.push(share),
  );
  // Two pieces of 2 x 3 tiles, the second of them cut off by the end.
  expect(shares).toHaveLength(12);
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect(shares.at(-1)).toBe(1);
  const live = device.memory().liveTensors;
  const stopAt = async (step: number) => {
    let steps = 0;
    await vae.decode(
      z,
      async () => {},
      () => {
        if (++steps === step) throw new Error("enough");
      },
    );
  };
  for (const step of [2, 5, 8]) await expect(stopAt(step)).rejects.toThrow("enough");
  expect(device.memory().liveTensors).toBe(live);
});

test("the published size is decoded on a GPU in memory that its length does not change, by plan", async () => {
  const { config } = hunyuanVae.published[0]!;
  const header = headerOf(
    Object.fromEntries(hunyuanVae.tensors(config).map(({ name, shape }) => [name, shape])),
  );
  const peak = async (frames: number) => {
    const device = new NullDevice({ like: "cuda" });
    using planned = planModel(hunyuanVae, header, device);
    using z = device.empty([16, (frames - 1) / 4 + 1, 96, 160]);
    let done = 0;
    await inOwnTiles(planned.model, hunyuanVae.latent).decode(z, async (part) => {
      done += part.shape[0]!;
    });
    expect(done).toBe(frames);
    return device.memory().peakBytes;
  };
  const bytes = await peak(117);
  expect(bytes).toBeLessThan(8 * 2 ** 30);
  expect(await peak(233)).toBeLessThan(1.01 * bytes);
});

const folder = "goldens/hunyuan/hunyuan-vae";
const present = sharedDir() !== null && existsSync(sharedPath(folder));

describe.skipIf(!present)(`reference data (${NO_SHARED})`, () => {
  const device = testDevice();
  const open = () => openModel(hunyuanVae, sharedPath(`${folder}/weights.safetensors`), device);

  /** Frames with channels first. */
  async function decode(latent: Float32Array, shape: readonly number[], tiled: boolean) {
    using opened = open();
    const vae = tiled ? inOwnTiles(opened.model, hunyuanVae.latent) : opened.model;
    using z = device.tensor(latent, shape);
    const parts: number[][] = [];
    const firsts: number[] = [];
    let size: readonly number[] = [];
    await vae.decode(z, async (frames, first) => {
      firsts.push(first);
      size = frames.shape;
      parts.push([...(await frames.read())]);
    });
    const flat = Float32Array.from(parts.flat());
    const channels = size[3]!;
    const pixels = flat.length / channels;
    const values = flat.map((_, i) => flat[(i % pixels) * channels + Math.floor(i / pixels)]!);
    return { values, firsts };
  }

  test("one frame", async () => {
    const golden = sharedTensors(`${folder}/io.safetensors`);
    const { shape, values } = golden.get("latent_1frame");
    const decoded = await decode(values, shape.slice(1), false);
    expect(relativeError(decoded.values, golden.get("video_1frame").values)).toBeLessThan(BOUND);
  });

  test("tiles, blended as the original does, in order", async () => {
    const golden = sharedTensors(`${folder}/tiled.safetensors`);
    const { shape, values } = golden.get("latent");
    const tiled = await decode(values, shape.slice(1), true);
    expect(relativeError(tiled.values, golden.get("video").values)).toBeLessThan(BOUND);
    expect(tiled.firsts).toEqual([0, 13]);
    // Group norms see a tile only, so that tiles are not the whole.
    const whole = await decode(values, shape.slice(1), false);
    expect(relativeError(whole.values, golden.get("video").values)).toBeGreaterThan(10 * BOUND);
  });

  test("a clip within one tile is decoded as a whole", async () => {
    const z = randomArray(16 * 2 * 4 * 6, 1);
    const [tiled, whole] = [
      await decode(z, [16, 2, 4, 6], true),
      await decode(z, [16, 2, 4, 6], false),
    ];
    expect(tiled.values).toEqual(whole.values);
  });

  test("ComfyUI's names", () => {
    const ldm = hunyuanVae.namings.find(({ id }) => id === "ldm")!;
    const map = sharedJson<{ ldm_to_original: Record<string, string> }>(`${folder}/names.json`);
    const found = Object.keys(map.ldm_to_original).map((name) => [name, ldm.canonical(name)]);
    expect(Object.fromEntries(found)).toEqual(map.ldm_to_original);
  });
});
