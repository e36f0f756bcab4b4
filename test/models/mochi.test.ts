import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import mochi from "#runtime/models/mochi";
import mochiVae from "#runtime/models/mochi-vae";
import type { Naming } from "#runtime/sdk/model";
import { openDevice } from "#runtime/tensor/devices";
import { NullDevice } from "#runtime/tensor/null-device";
import { scope } from "#runtime/tensor/scope";
import { headerOf, openModel, planModel, TestWeights } from "../helpers/model-weights.ts";
import { NO_SHARED, sharedDir, sharedJson, sharedPath, sharedTensors } from "../helpers/shared.ts";
import { checkLiveTensorsAtEnd, relativeError, testDevice } from "../helpers/tensors.ts";

checkLiveTensorsAtEnd();
const device = testDevice();

const TOY = {
  dim: 64,
  textWidth: 32,
  heads: 2,
  headDim: 32,
  mlpDim: 96,
  textMlpDim: 48,
  layers: 2,
  channels: 12,
  textDim: 40,
  timeDim: 32,
  patch: [1, 2, 2],
} as const;
const toyHeader = (extra: Record<string, readonly number[]> = {}) =>
  headerOf({
    ...Object.fromEntries(mochi.tensors(TOY).map(({ name, shape }) => [name, shape])),
    ...extra,
  });

test("sizes come from shapes", () => {
  expect(mochi.detect(toyHeader())).toEqual(TOY);
  expect(mochi.detect(toyHeader({ pos_frequencies: [2, 2, 16] }))).toBeNull();
  expect(mochi.detect(toyHeader({ pos_frequencies: [3, 3, 16] }))).toBeNull();
  expect(mochi.detect(toyHeader({ "t5_yproj.weight": [32, 0] }))).toBeNull();
});

test("a pass reads every tensor, also without any text", () => {
  const nulls = openDevice("null");
  using planned = planModel(mochi, toyHeader(), nulls);
  using latent = nulls.empty([12, 2, 5, 6]);
  for (const rows of [7, 0]) {
    using context = nulls.empty([rows, 40]);
    using flow = planned.model.forward({ latent, context, timestep: 0.5 });
    expect(flow.shape).toEqual([12, 2, 5, 6]);
  }
  expect([...planned.weights.asked].toSorted()).toEqual([...toyHeader().tensors.keys()].toSorted());
  using other = nulls.empty([16, 2, 5, 6]);
  using context = nulls.empty([7, 40]);
  const run = (latentOrNot: typeof latent, text: typeof context) => () =>
    planned.model.forward({ latent: latentOrNot, context: text, timestep: 0.5 });
  expect(run(other, context)).toThrow(/EmptyMochiLatentVideo/);
  using narrow = nulls.empty([7, 41]);
  expect(run(latent, narrow)).toThrow(/T5-XXL/);
});

test("half of an autoencoder says which half it lacks", async () => {
  const config = mochiVae.published[0]!.config;
  const nulls = openDevice("null");
  for (const [half, other] of [
    ["decoder", "encoder"],
    ["encoder", "decoder"],
  ] as const) {
    const specs = mochiVae.tensors({ ...config, [other]: null });
    const header = headerOf(Object.fromEntries(specs.map(({ name, shape }) => [name, shape])));
    expect(mochiVae.detect(header)).toMatchObject({ [other]: null });
    using planned = planModel(mochiVae, header, nulls);
    expect(planned.model.lacks).toBe(other);
    using z = nulls.empty([12, 2, 4, 4]);
    const decode = () => planned.model.decode(z, async () => {});
    const encode = () => planned.model.encode(7, async (_, n) => nulls.empty([n, 32, 32, 3]));
    const lacking = half === "decoder" ? encode : decode;
    await expect(lacking()).rejects.toThrow(new RegExp(`with its ${other}`));
  }
});

test("decoding at 848x480 takes less than 6 GiB, weights and all, for any number of frames", async () => {
  const [{ config }] = mochiVae.published as [(typeof mochiVae.published)[number]];
  const shapes = new Map(mochiVae.tensors(config).map(({ name, shape }) => [name, shape]));
  const peakOf = async (latents: number, expected: number) => {
    const device = new NullDevice({ like: "cuda" });
    using weights = new TestWeights(device, shapes.keys(), (name) =>
      device.empty(shapes.get(name)!, "bf16"),
    );
    using z = device.empty([12, latents, 60, 106]);
    let frames = 0;
    await mochiVae.create(config, weights).decode(z, async ({ shape }) => {
      frames += shape[0]!;
    });
    expect(frames).toBe(expected);
    return device.memory().peakBytes;
  };
  const [short, long] = [await peakOf(3, 13), await peakOf(6, 31)];
  expect(long).toBeLessThan(6 * 2 ** 30);
  expect(long / short).toBeLessThan(1.01);
});

const present = sharedDir() !== null && existsSync(sharedPath("goldens/mochi"));

interface Origin {
  readonly from: string;
  readonly op: string;
  readonly i?: number;
  readonly file?: string;
}

describe.skipIf(!present)(`reference data (${NO_SHARED})`, () => {
  test.each([
    ["transformer", mochi.namings],
    ["vae", mochiVae.namings],
  ] as const)("names of the real %s in diffusers", (part, namings: readonly Naming[]) => {
    const naming = namings.find(({ id }) => id === "diffusers");
    const maps = sharedJson<Record<string, Record<string, Origin>>>(
      "goldens/mochi/manifests/mochi_diffusers_to_original.json",
    );
    for (const [own, { from, op, i, file }] of Object.entries(maps[part]!)) {
      const name = file === undefined ? from : `${file}.${from}`;
      const expected =
        op === "chunk" ? { name, run: i } : op === "swap_halves" ? { name, swapped: true } : name;
      expect(naming?.canonical(own), own).toEqual(expected);
    }
  });

  test.each([
    ["in groups", 1e9],
    ["one by one", 0],
  ])(
    "a clip that comes frame by frame is the one that comes at once, %s",
    async (_, groupedPixels) => {
      const folder = "goldens/mochi/mochi-vae";
      const golden = sharedTensors(`${folder}/io.safetensors`);
      const { shape, values } = golden.get("latent");
      const path = sharedPath(`${folder}/decoder.safetensors`);
      using opened = openModel(mochiVae, path, device, "decoder.");
      using z = device.tensor(values, shape.slice(1));
      const counts: number[] = [];
      const parts: number[] = [];
      const vae = mochiVae.create({ ...opened.config, groupedPixels }, opened.weights);
      await vae.decode(z, async (frames, first) => {
        expect(first).toBe(counts.reduce((a, b) => a + b, 0));
        counts.push(frames.shape[0]!);
        using moved = scope(() => frames.permute([3, 0, 1, 2]).contiguous());
        parts.push(...(await moved.read()));
      });
      expect(counts).toEqual([1, 6, 6]);
      const video = golden.get("video");
      const [, channels = 0, , height = 0, width = 0] = video.shape;
      const plane = height * width;
      // Pieces are [channels, frames of the piece, ...]: bring the expected frames into that order.
      const expected: number[] = [];
      let first = 0;
      for (const count of counts) {
        for (let c = 0; c < channels; c++) {
          const from = (c * 13 + first) * plane;
          expected.push(...video.values.subarray(from, from + count * plane));
        }
        first += count;
      }
      expect(relativeError(parts, expected)).toBeLessThan(1e-4);
    },
  );
});
