import { describe, expect, test } from "vitest";
import { wan22Latent } from "#runtime/sdk/wan-latents";
import wan22Vae from "#runtime/models/wan22-vae";
import { openDevice } from "#runtime/tensor/devices";
import { NullDevice } from "#runtime/tensor/null-device";
import { headerOf, planModel, TestWeights } from "../helpers/model-weights.ts";
import {
  checkLiveTensorsAtEnd,
  randomArray,
  relativeError,
  testDevice,
} from "../helpers/tensors.ts";

checkLiveTensorsAtEnd();

/** Two levels up and down, the second in time as well. */
const level = { resamples: true, blocks: 1 };
const config = {
  groupedPixels: 1e9,
  latentChannels: 4,
  encoder: {
    width: 8,
    levels: [
      { ...level, name: "encoder.downsamples.0", in: 8, out: 8, temporal: false },
      { ...level, name: "encoder.downsamples.1", in: 8, out: 16, temporal: true },
      {
        name: "encoder.downsamples.2",
        in: 16,
        out: 16,
        blocks: 1,
        resamples: false,
        temporal: false,
      },
    ],
  },
  decoder: {
    width: 16,
    levels: [
      { ...level, name: "decoder.upsamples.0", in: 16, out: 16, temporal: true },
      { ...level, name: "decoder.upsamples.1", in: 16, out: 8, temporal: false },
      { name: "decoder.upsamples.2", in: 8, out: 8, blocks: 1, resamples: false, temporal: false },
    ],
  },
};
const specs = new Map(wan22Vae.tensors(config).map(({ name, shape }) => [name, shape]));

function randomWeights() {
  const device = testDevice();
  return new TestWeights(device, specs.keys(), (name) => {
    const shape = specs.get(name) ?? [];
    const size = shape.reduce((a, b) => a * b, 1);
    const values = randomArray(size, name.length * 31 + size, 0.2);
    return device.tensor(name.endsWith("gamma") ? values.map((x) => 1 + x) : values, shape);
  });
}

async function roundTrip(groupedPixels: number) {
  const device = testDevice();
  using weights = randomWeights();
  const vae = wan22Vae.create({ ...config, groupedPixels }, weights);
  const frames = randomArray(5 * 16 * 24 * 3, 5);
  using latent = await vae.encode(5, async (first, n) =>
    device.tensor(frames.slice(first * 16 * 24 * 3, (first + n) * 16 * 24 * 3), [n, 16, 24, 3]),
  );
  const decoded: Float32Array[] = [];
  const counts: number[] = [];
  await vae.decode(latent, async (piece, first) => {
    expect(first).toBe(counts.reduce((sum, count) => sum + count, 0));
    counts.push(piece.shape[0] ?? 0);
    decoded.push(await piece.read());
  });
  expect(latent.shape).toEqual([4, 3, 2, 3]);
  expect(counts).toEqual([1, 2, 2]);
  return { latent: await latent.read(), pixels: Float32Array.from(decoded.flatMap((d) => [...d])) };
}

test("a configuration is what detection reads off its tensors", () => {
  const header = headerOf(Object.fromEntries(specs));
  expect(wan22Vae.detect(header)).toEqual({ ...config, groupedPixels: 160 * 160 });
});

test("frames that pass one by one give what they give in groups", async () => {
  const grouped = await roundTrip(1e9);
  const alone = await roundTrip(0);
  expect(relativeError(alone.latent, grouped.latent)).toBeLessThan(1e-6);
  expect(relativeError(alone.pixels, grouped.pixels)).toBeLessThan(1e-6);
});

describe("names", () => {
  const [original, diffusers] = wan22Vae.namings;

  test("a resampler is one wherever it stands in its level", () => {
    const names = [
      "encoder.downsamples.1.downsamples.1.resample.1.weight",
      "encoder.downsamples.1.downsamples.2.resample.1.weight",
    ];
    for (const name of names)
      expect(original?.canonical(name)).toBe("encoder.downsamples.1.resampler.resample.1.weight");
    expect(diffusers?.canonical("encoder.down_blocks.1.downsampler.resample.1.weight")).toBe(
      "encoder.downsamples.1.resampler.resample.1.weight",
    );
    expect(diffusers?.canonical("decoder.up_blocks.0.resnets.2.conv_shortcut.bias")).toBe(
      "decoder.upsamples.0.2.shortcut.bias",
    );
  });
});

test("published sizes pass the null device at 704 x 1280 in little memory", async () => {
  const device = openDevice("null");
  const [published] = wan22Vae.published;
  if (published === undefined) throw new Error("Expected a published configuration.");
  const shapes = new Map(
    wan22Vae.tensors(published.config).map(({ name, shape }) => [name, shape]),
  );
  using weights = new TestWeights(device, shapes.keys(), (name) =>
    device.empty(shapes.get(name) ?? [], "bf16"),
  );
  const vae = wan22Vae.create(published.config, weights);
  const peaks: number[] = [];
  for (const frames of [3, 5]) {
    device.resetPeak();
    using latent = device.empty([wan22Latent.channels, frames, 44, 80]);
    await vae.decode(latent, async (piece) => {
      expect(piece.shape.slice(1)).toEqual([704, 1280, 3]);
    });
    peaks.push(device.memory().peakBytes);
  }
  expect(peaks[1]).toBeLessThan((peaks[0] ?? 0) * 1.02);
});

test("the published size decodes and encodes on a GPU, by plan", async () => {
  const published = wan22Vae.published[0]!.config;
  const shapes = wan22Vae.tensors(published).map(({ name, shape }) => [name, shape]);
  const device = new NullDevice({ like: "cuda" });
  using opened = planModel(wan22Vae, headerOf(Object.fromEntries(shapes)), device);
  {
    using latent = device.empty([48, 3, 44, 80]);
    let frames = 0;
    await opened.model.decode(latent, async (part) => void (frames += part.shape[0]!));
    expect(frames).toBe(9);
  }
  const next = async (_first: number, count: number) => device.empty([count, 704, 1280, 3]);
  using latent = await opened.model.encode(9, next);
  expect(latent.shape).toEqual([48, 3, 44, 80]);
});
