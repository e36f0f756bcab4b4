import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import wanVae from "#runtime/models/wan-vae";
import type { VideoAutoencoder } from "#runtime/sdk/model";
import type { Device } from "#runtime/tensor/device";
import { openDevice } from "#runtime/tensor/devices";
import { NullDevice } from "#runtime/tensor/null-device";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { tiled } from "#runtime/vae/tiled";
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
const folder = "goldens/wan/wan-vae";
const weights = sharedPath(`${folder}/weights.safetensors`);
const present = sharedDir() !== null && existsSync(sharedPath(folder));

/** Frames as [n, H, W, 3] joined, and how they came. */
async function decodeAll(vae: VideoAutoencoder, latent: Tensor) {
  const parts: Float32Array[] = [];
  const firsts: number[] = [];
  let shape: readonly number[] = [];
  await vae.decode(latent, async (frames, first) => {
    parts.push(await frames.read());
    firsts.push(first);
    shape = frames.shape.slice(1);
  });
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (values.set(part, at), at + part.length), 0);
  return { values, firsts, shape };
}

/** [1, C, n, H, W] -> [n, H, W, C] */
function channelsLast(values: Float32Array, shape: readonly number[]): Float32Array {
  const [, channels = 0, n = 0, height = 0, width = 0] = shape;
  const plane = n * height * width;
  return Float32Array.from({ length: values.length }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / channels), i % channels];
    return values[channel * plane + pixel]!;
  });
}

function source(device: Device, values: Float32Array, shape: readonly number[]) {
  const [height = 0, width = 0, channels = 0] = shape;
  const size = height * width * channels;
  const asked: [first: number, count: number][] = [];
  const next = (first: number, count: number): Promise<Tensor> => {
    asked.push([first, count]);
    const part = values.slice(first * size, (first + count) * size);
    return Promise.resolve(device.tensor(part, [count, height, width, channels]));
  };
  return { asked, next };
}

function sameBytes(a: Float32Array, b: Float32Array): boolean {
  const bytes = (values: Float32Array) =>
    Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return bytes(a).equals(bytes(b));
}

async function readAndFree(tensor: Tensor): Promise<Float32Array> {
  const values = await tensor.read();
  tensor[Symbol.dispose]();
  return values;
}

test.skipIf(!present)(`diffusers names (${NO_SHARED})`, () => {
  const diffusers = wanVae.namings[1]!;
  const map = sharedJson<Record<string, string>>(`${folder}/diffusers_to_original.json`);
  const found = Object.keys(map).map((name) => [name, diffusers.canonical(name)]);
  expect(Object.fromEntries(found)).toEqual(map);
});

test("diffusers names of the published arrangement", () => {
  const diffusers = wanVae.namings[1]!;
  const names: [string, string | null][] = [
    ["decoder.up_blocks.3.resnets.2.conv1.weight", "decoder.upsamples.14.residual.2.weight"],
    ["decoder.up_blocks.1.resnets.0.conv_shortcut.bias", "decoder.upsamples.4.shortcut.bias"],
    ["decoder.up_blocks.0.upsamplers.0.time_conv.weight", "decoder.upsamples.3.time_conv.weight"],
    ["decoder.up_blocks.2.upsamplers.0.resample.1.bias", "decoder.upsamples.11.resample.1.bias"],
    ["encoder.down_blocks.9.conv_shortcut.weight", "encoder.downsamples.9.shortcut.weight"],
    ["post_quant_conv.bias", "conv2.bias"],
    ["quantised.weight", null],
  ];
  expect(names.map(([name]) => [name, diffusers.canonical(name)])).toEqual(names);
});

test("kin that is not run says so", () => {
  const shapes = {
    "decoder.conv1.weight": [64, 16, 3, 3, 3],
    "decoder.middle.1.to_qkv.weight": [192, 64, 1, 1],
    "conv2.weight": [16, 16, 1, 1, 1],
  };
  expect(wanVae.detect(headerOf(shapes))).toBeNull();
  expect(wanVae.unsupported?.(headerOf(shapes))).toMatch(/without an encoder/);
  const later = headerOf({
    ...shapes,
    "encoder.conv1.weight": [16, 12, 3, 3, 3],
    "decoder.upsamples.0.upsamples.0.residual.2.weight": [64, 64, 3, 3, 3],
  });
  expect(wanVae.detect(later)).toBeNull();
});

describe.skipIf(!present)(`reference data (${NO_SHARED})`, () => {
  const device = testDevice();
  const golden = () => sharedTensors(`${folder}/io.safetensors`);

  test("decode", async () => {
    using opened = openModel(wanVae, weights, device);
    const { values, shape } = golden().get("latent");
    using latent = device.tensor(values, shape.slice(1));
    const decoded = await decodeAll(opened.model, latent);
    const video = golden().get("video");
    expect(decoded.shape).toEqual([48, 80, 3]);
    expect(decoded.firsts).toEqual([0, 1, 5, 9]);
    const error = relativeError(decoded.values, channelsLast(video.values, video.shape));
    expect(error).toBeLessThan(BOUND);
  });

  test("encode", async () => {
    using opened = openModel(wanVae, weights, device);
    const video = golden().get("video_in");
    const frames = source(device, channelsLast(video.values, video.shape), [48, 80, 3]);
    const latent = await opened.model.encode(9, frames.next);
    expect(latent.shape).toEqual([16, 3, 6, 10]);
    expect(frames.asked).toEqual([
      [0, 1],
      [1, 4],
      [5, 4],
    ]);
    const error = relativeError(await readAndFree(latent), golden().get("encoded_mean").values);
    expect(error).toBeLessThan(BOUND);
  });

  test("the first frame of a longer video is that of an image", async () => {
    using opened = openModel(wanVae, weights, device);
    const { values, shape } = golden().get("latent");
    using latent = device.tensor(values, shape.slice(1));
    using image = scope(() => latent.slice(1, 0, 1).contiguous());
    const whole = await decodeAll(opened.model, latent);
    const alone = await decodeAll(opened.model, image);
    expect(alone.firsts).toEqual([0]);
    expect(sameBytes(alone.values, whole.values.slice(0, alone.values.length))).toBe(true);
  });

  test("frames that pass one by one give the same bytes as in groups", async () => {
    using opened = openModel(wanVae, weights, device);
    const alone = wanVae.create({ ...opened.config, groupedPixels: 0 }, opened.weights);
    const { values, shape } = golden().get("latent");
    using latent = device.tensor(values, shape.slice(1));
    const together = await decodeAll(opened.model, latent);
    expect(sameBytes((await decodeAll(alone, latent)).values, together.values)).toBe(true);

    const video = golden().get("video_in");
    const frames = source(device, channelsLast(video.values, video.shape), [48, 80, 3]);
    const encoded = await readAndFree(await opened.model.encode(9, frames.next));
    const encodedAlone = await readAndFree(await alone.encode(9, frames.next));
    expect(sameBytes(encodedAlone, encoded)).toBe(true);
  });

  test.each([1, 2, 7])(
    "frames that are decoded in %i stripes give the same bytes",
    async (count) => {
      using opened = openModel(wanVae, weights, device);
      const stripePixels = (48 * 80) / count;
      const striped = wanVae.create({ ...opened.config, stripePixels }, opened.weights);
      const { values, shape } = golden().get("latent");
      using latent = device.tensor(values, shape.slice(1));
      const whole = await decodeAll(opened.model, latent);
      const inStripes = await decodeAll(striped, latent);
      expect(inStripes.firsts).toEqual(whole.firsts);
      expect(inStripes.shape).toEqual(whole.shape);
      expect(sameBytes(inStripes.values, whole.values)).toBe(true);
    },
  );

  test("stripes say how far they are, and stop when they are told to", async () => {
    using opened = openModel(wanVae, weights, device);
    const stripePixels = (48 * 80) / 3;
    const striped = wanVae.create({ ...opened.config, stripePixels }, opened.weights);
    const { values, shape } = golden().get("latent");
    using latent = device.tensor(values, shape.slice(1));
    const shares: number[] = [];
    await striped.decode(
      latent,
      async () => {},
      (share) => shares.push(share),
    );
    expect(shares.map((share) => Math.round(12 * share))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const stopped = striped.decode(
      latent,
      async () => {},
      () => {
        throw new Error("enough");
      },
    );
    await expect(stopped).rejects.toThrow("enough");
  });

  test("the number of threads changes no byte", async () => {
    const decoded = async (threads: number) => {
      const other = openDevice("cpu", { threads });
      using opened = openModel(wanVae, weights, other);
      const { values, shape } = golden().get("latent");
      using latent = other.tensor(values, shape.slice(1));
      return (await decodeAll(opened.model, latent)).values;
    };
    expect(sameBytes(await decoded(3), await decoded(1))).toBe(true);
  });

  test("frames behind the last whole group are left out", async () => {
    using opened = openModel(wanVae, weights, device);
    const video = golden().get("video_in");
    const frames = source(device, channelsLast(video.values, video.shape), [48, 80, 3]);
    const latent = await opened.model.encode(8, frames.next);
    expect(latent.shape).toEqual([16, 2, 6, 10]);
    latent[Symbol.dispose]();
  });

  test("wrong sizes are refused and leave nothing behind", async () => {
    using opened = openModel(wanVae, weights, device);
    const frames = source(device, new Float32Array(20 * 16 * 3), [20, 16, 3]);
    await expect(opened.model.encode(1, frames.next)).rejects.toThrow(/multiples of 8.*20, 16/);
    await expect(opened.model.encode(0, frames.next)).rejects.toThrow(/at least one frame/);
    using latent = device.tensor(new Float32Array(64), [8, 2, 2, 2]);
    await expect(decodeAll(opened.model, latent)).rejects.toThrow(/Expected a latent \[16/);
    using broken = device.tensor(new Float32Array(16 * 4), [16, 1, 2, 2]);
    const failing = opened.model.decode(broken, () => Promise.reject(new Error("full disk")));
    await expect(failing).rejects.toThrow("full disk");
  });
});

describe.skipIf(!present)(`tiles (${NO_SHARED})`, () => {
  const device = testDevice();
  const golden = () => sharedTensors(`${folder}/io.safetensors`);

  test("tiles that everything fits into change nothing", async () => {
    using opened = openModel(wanVae, weights, device);
    const { values, shape } = golden().get("latent");
    using latent = device.tensor(values, shape.slice(1));
    const whole = await decodeAll(opened.model, latent);
    const vae = tiled(opened.model, wanVae.latent, device, { size: 10, overlap: 2 });
    const inTiles = await decodeAll(vae, latent);
    expect(inTiles.firsts).toEqual([0, 4, 8, 12]);
    expect(relativeError(inTiles.values, whole.values)).toBe(0);
  });

  test("encoded tiles that everything fits into change nothing", async () => {
    using opened = openModel(wanVae, weights, device);
    const video = golden().get("video_in");
    const frames = source(device, channelsLast(video.values, video.shape), [48, 80, 3]);
    const vae = tiled(opened.model, wanVae.latent, device, { size: 10, overlap: 4 });
    const latent = await vae.encode(9, frames.next);
    const error = relativeError(await readAndFree(latent), golden().get("encoded_mean").values);
    expect(error).toBeLessThan(BOUND);
  });
});

const bundled = join(import.meta.dirname, "../../models/vae/umbel_tiny_vae_bf16.safetensors");

test.skipIf(!existsSync(bundled))(
  "tiles of a trained autoencoder are close to the whole",
  async () => {
    const device = testDevice();
    const [count, size] = [5, 128];
    // A disc on a gradient.
    const video = Float32Array.from({ length: count * size * size * 3 }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % size, Math.floor(i / (3 * size)) % size];
      const inside = Math.hypot(x - 50, y - 64) < 30;
      return inside ? [0.8, -0.6, -0.6][i % 3]! : [x / size - 0.5, y / size - 0.5, 0.1][i % 3]!;
    });
    using opened = openModel(wanVae, bundled, device);
    using latent = await opened.model.encode(count, source(device, video, [size, size, 3]).next);
    const whole = await decodeAll(opened.model, latent);
    const vae = tiled(opened.model, wanVae.latent, device, { size: 12, overlap: 6 });
    const { values } = await decodeAll(vae, latent);
    const square = values.reduce((sum, value, i) => sum + ((value - whole.values[i]!) / 2) ** 2, 0);
    const psnr = -10 * Math.log10(square / values.length);
    expect(psnr).toBeGreaterThan(28);
    expect(psnr).toBeLessThan(80);
  },
);

describe("memory of the published model on a GPU, by plan", () => {
  const { config } = wanVae.published[0]!;
  const header = headerOf(
    Object.fromEntries(wanVae.tensors(config).map(({ name, shape }) => [name, shape])),
  );

  async function peaks(latentFrames: number, height: number, width: number, stripePixels: number) {
    const device = new NullDevice({ like: "cuda" });
    using opened = planModel(wanVae, header, device);
    const vae = wanVae.create({ ...config, stripePixels }, opened.weights);
    {
      using latent = device.empty([16, latentFrames, height / 8, width / 8]);
      await vae.decode(latent, async () => {});
    }
    const decode = device.memory().peakBytes;
    device.resetPeak();
    const next = async (_first: number, count: number) => device.empty([count, height, width, 3]);
    using latent = await vae.encode(4 * latentFrames - 3, next);
    expect(latent.shape).toEqual([16, latentFrames, height / 8, width / 8]);
    return { decode, encode: device.memory().peakBytes };
  }

  test("frames of 768x1280 take at most 4 GiB each way, which decoding them whole breaks", async () => {
    const published = await peaks(18, 768, 1280, config.stripePixels);
    expect(published.decode).toBeLessThan(4 * 2 ** 30);
    expect(published.encode).toBeLessThan(4 * 2 ** 30);
    const whole = await peaks(3, 768, 1280, Infinity);
    expect(whole.decode).toBeGreaterThan(4 * 2 ** 30);
  });

  test("larger and longer ones are decoded in hardly more", async () => {
    const { decode } = await peaks(3, 768, 1280, config.stripePixels);
    expect((await peaks(18, 768, 1280, config.stripePixels)).decode).toBeLessThan(1.02 * decode);
    expect((await peaks(3, 1088, 1920, config.stripePixels)).decode).toBeLessThan(4 * 2 ** 30);
  });
});

describe.skipIf(sharedDir() === null)(
  `the published size on the null device (${NO_SHARED})`,
  () => {
    const manifest = (): Record<string, number[]> =>
      sharedJson<Record<string, Record<string, number[]>>>("goldens/wan/manifests/wan.json")[
        "wan_2.1_vae"
      ] ?? {};

    test("decodes and encodes with exactly the tensors of the checkpoint", async () => {
      const header = headerOf(manifest());
      const device = openDevice("null");
      using opened = planModel(wanVae, header, device);
      const specs = wanVae.tensors(opened.config).map(({ name, shape }) => [name, shape]);
      expect(Object.fromEntries(specs)).toEqual(manifest());
      using latent = device.empty([16, 3, 60, 104]);
      const shapes: (readonly number[])[] = [];
      await opened.model.decode(latent, async (frames) => void shapes.push(frames.shape));
      expect(shapes).toEqual([1, 4, 4].map((n) => [n, 480, 832, 3]));
      const next = async (_first: number, count: number) => device.empty([count, 480, 832, 3]);
      const encoded = await opened.model.encode(9, next);
      expect(encoded.shape).toEqual([16, 3, 60, 104]);
      encoded[Symbol.dispose]();
      expect([...opened.weights.asked].sort()).toEqual([...header.tensors.keys()].sort());
      opened[Symbol.dispose]();
      latent[Symbol.dispose]();
      await expectNoLiveTensors(device);
    });

    test("the memory does not grow with the length", async () => {
      const peak = async (frames: number) => {
        const device = openDevice("null");
        using opened = planModel(wanVae, headerOf(manifest()), device);
        using latent = device.empty([16, frames, 60, 104]);
        await opened.model.decode(latent, async () => {});
        const decoded = device.memory().peakBytes - latent.bytes;
        device.resetPeak();
        const next = async (_first: number, count: number) => device.empty([count, 480, 832, 3]);
        const encoded = await opened.model.encode(4 * (frames - 1) + 1, next);
        const result = [decoded, device.memory().peakBytes - encoded.bytes] as const;
        encoded[Symbol.dispose]();
        return result;
      };
      const [short, long] = [await peak(9), await peak(33)];
      expect(long[0] / short[0]).toBeLessThan(1.02);
      expect(long[1] / short[1]).toBeLessThan(1.02);
    });
  },
);
