import { expect, test } from "vitest";
import type { LatentGeometry, VideoAutoencoder } from "#runtime/sdk/model";
import type { Tensor } from "#runtime/tensor/tensor";
import { tiled, type Tiling } from "#runtime/vae/tiled";
import {
  checkLiveTensorsAtEnd,
  randomArray,
  relativeError,
  testDevice,
} from "../../helpers/tensors.ts";

checkLiveTensorsAtEnd();
const device = testDevice();

const GEOMETRY: LatentGeometry = { channels: 3, spatialFactor: 2, temporalFactor: 4 };
type Shape = readonly [channels: number, frames: number, height: number, width: number];

/**
 * Repeats each latent number over its pixels and frames, the first frame of a group alone, so that a tile gives what the
 * whole gives; `bias` is added to the frames of each call in turn.
 */
class RepeatingVae implements VideoAutoencoder {
  readonly shapes: Shape[] = [];
  readonly #bias: (call: number) => number;

  constructor(bias: (call: number) => number = () => 0) {
    this.#bias = bias;
  }

  async decode(
    latent: Tensor,
    onFrames: (frames: Tensor, first: number) => Promise<void>,
  ): Promise<void> {
    const shape = latent.shape as Shape;
    const [, count, h, w] = shape;
    const values = await latent.read();
    const bias = this.#bias(this.shapes.push(shape) - 1);
    for (let t = 0, first = 0; t < count; t++) {
      const n = t === 0 ? 1 : 4;
      const data = Float32Array.from({ length: n * 4 * h * w * 3 }, (_, i) => {
        const x = Math.floor(i / 3) % (2 * w);
        const y = Math.floor(i / (6 * w)) % (2 * h);
        return values[(((i % 3) * count + t) * h + (y >> 1)) * w + (x >> 1)]! + bias;
      });
      using frames = device.tensor(data, [n, 2 * h, 2 * w, 3]);
      await onFrames(frames, first);
      first += n;
    }
  }

  async encode(
    count: number,
    nextFrames: (first: number, count: number) => Promise<Tensor>,
  ): Promise<Tensor> {
    const planes: number[][] = [[], [], []];
    let size = [0, 0];
    for (let first = 0, n = 1; first + n <= count; first += n, n = 4) {
      using frames = await nextFrames(first, n);
      const [, height = 0, width = 0] = frames.shape;
      size = [height / 2, width / 2];
      const values = await frames.read();
      for (let y = 0; y < height; y += 2) {
        for (let x = 0; x < width; x += 2) {
          for (const c of [0, 1, 2]) planes[c]!.push(values[(y * width + x) * 3 + c]!);
        }
      }
    }
    const frames = 1 + Math.floor((count - 1) / 4);
    return device.tensor(Float32Array.from(planes.flat()), [3, frames, size[0]!, size[1]!]);
  }
}

async function decodeAll(vae: VideoAutoencoder, shape: Shape): Promise<Float32Array> {
  const size = shape.reduce((a, b) => a * b, 1);
  using latent = device.tensor(randomArray(size, 7), shape);
  const parts: number[] = [];
  let next = 0;
  await vae.decode(latent, async (frames, first) => {
    expect(first).toBe(next);
    next += frames.shape[0]!;
    for (const value of await frames.read()) parts.push(value);
  });
  return Float32Array.from(parts);
}

test.each<[Shape, Tiling]>([
  [[3, 5, 7, 9], { size: 4, overlap: 2 }],
  [[3, 5, 7, 9], { size: 4, overlap: 0 }],
  [[3, 1, 8, 8], { size: 3, overlap: 9 }],
  [[3, 7, 4, 5], { size: 8, overlap: 2, temporalSize: 3, temporalOverlap: 1 }],
  [[3, 8, 6, 5], { size: 4, overlap: 1, temporalSize: 4, temporalOverlap: 2 }],
  [[3, 8, 6, 5], { size: 4, overlap: 1, temporalSize: 2, temporalOverlap: 0 }],
  [[3, 4, 2, 3], { size: 2, overlap: 1, temporalSize: 1, temporalOverlap: 5 }],
])("tiles of a local decoder make up the whole: %j in %j", async (shape, tiling) => {
  const whole = await decodeAll(new RepeatingVae(), shape);
  const vae = new RepeatingVae();
  const result = await decodeAll(tiled(vae, GEOMETRY, device, tiling), shape);
  expect(vae.shapes.length).toBeGreaterThan(1);
  expect(vae.shapes.every(([, , h, w]) => h <= tiling.size && w <= tiling.size)).toBe(true);
  expect(relativeError(result, whole)).toBeLessThan(1e-6);
});

test("neighbours fade into each other as ComfyUI's do", async () => {
  // Two tiles of 4 with an overlap of 2 over a width of 6: pixels 0..7 and 4..11, ramps of 4 pixels.
  const biased = new RepeatingVae((call) => (call === 0 ? 1 : 3));
  const shape: Shape = [3, 1, 1, 6];
  const result = await decodeAll(tiled(biased, GEOMETRY, device, { size: 4, overlap: 2 }), shape);
  const plain = await decodeAll(new RepeatingVae(), shape);
  const biases = Array.from({ length: 12 }, (_, x) => result[3 * x]! - plain[3 * x]!);
  const left = [1 / 4, 2 / 4, 3 / 4, 1, 1, 3 / 4, 2 / 4, 1 / 4];
  const expected = Array.from({ length: 12 }, (_, x) => {
    const [a, b] = [left[x] ?? 0, left[x - 4] ?? 0];
    return (a * 1 + b * 3) / (a + b);
  });
  expect(relativeError(biases, expected)).toBeLessThan(1e-6);
});

test("a temporal piece begins with a lone frame that the piece before blends over", async () => {
  // Latent frames 0..2 and 2..4: frames 0..8 and 8..16, one frame in common with a ramp of one.
  const biased = new RepeatingVae((call) => (call === 0 ? 0 : 2));
  const shape: Shape = [3, 5, 1, 1];
  const tiling = { size: 1, overlap: 0, temporalSize: 3, temporalOverlap: 1 };
  const result = await decodeAll(tiled(biased, GEOMETRY, device, tiling), shape);
  const plain = await decodeAll(new RepeatingVae(), shape);
  const biases = Array.from({ length: 17 }, (_, t) => result[12 * t]! - plain[12 * t]!);
  const expected = Array.from({ length: 17 }, (_, t) => (t < 8 ? 0 : t === 8 ? 1 : 2));
  expect(relativeError(biases, expected)).toBeLessThan(1e-6);
});

test("tiles of a local encoder make up the whole", async () => {
  const frames = randomArray(9 * 10 * 14 * 3, 3);
  const asked: number[] = [];
  const next = async (first: number, count: number) => {
    asked.push(first);
    const part = frames.slice(first * 420, (first + count) * 420);
    return device.tensor(part, [count, 10, 14, 3]);
  };
  using whole = await new RepeatingVae().encode(9, next);
  asked.length = 0;
  const vae = tiled(new RepeatingVae(), GEOMETRY, device, { size: 4, overlap: 2 });
  using result = await vae.encode(9, next);
  expect(result.shape).toEqual([3, 3, 5, 7]);
  // A look at the size, then the whole video for each of 2 x 3 tiles.
  expect(asked).toEqual([0, ...Array.from({ length: 6 }, () => [0, 1, 5]).flat()]);
  expect(relativeError(await result.read(), await whole.read())).toBeLessThan(1e-6);
});

test("sizes that cannot be are refused", () => {
  for (const tiling of [
    { size: 0, overlap: 0 },
    { size: 4, overlap: -1 },
    { size: 4.5, overlap: 1 },
    { size: 4, overlap: 1, temporalSize: 0 },
  ]) {
    expect(() => tiled(new RepeatingVae(), GEOMETRY, device, tiling)).toThrow(/Expected tiles/);
  }
});
