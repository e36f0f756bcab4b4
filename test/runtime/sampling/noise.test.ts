import { describe, expect, test } from "vitest";
import { latentNoise, TorchRandom } from "#runtime/sampling/noise";
import { sharedDir, sharedJson, sharedTensors } from "../../helpers/shared.ts";

function worst(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let difference = 0;
  for (let i = 0; i < actual.length; i++) {
    difference = Math.max(difference, Math.abs((actual[i] as number) - (expected[i] as number)));
  }
  return difference;
}

describe.skipIf(sharedDir() === null)("noise equals torch's", () => {
  test("every golden tensor within 1e-6", () => {
    const golden = sharedTensors("goldens/wan/noise/torch_cpu_randn.safetensors");
    expect(golden.tensors.size).toBeGreaterThan(20);
    for (const [name, tensor] of golden.tensors) {
      const seed = BigInt(/^seed(\d+)_/.exec(name)?.[1] as string);
      expect(worst(latentNoise(tensor.shape, seed), tensor.values), name).toBeLessThan(1e-6);
    }
  });

  test("every case of the ComfyUI tables within 1e-6", () => {
    const { randn_cpu } = sharedJson<{ randn_cpu: Record<string, number[]> }>(
      "comfyui/rng_sigmas_samplers.json",
    );
    expect(Object.keys(randn_cpu).length).toBeGreaterThan(5);
    for (const [key, expected] of Object.entries(randn_cpu)) {
      const [seed, size] = key.split("/") as [string, string];
      const shape = size.split("x").map(Number);
      const actual = latentNoise(shape, BigInt(seed)).subarray(0, expected.length);
      expect(worst(actual, expected), key).toBeLessThan(1e-6);
    }
  });
});

test("seed 0, published values", () => {
  const expected = [-1.12583983, -1.1523602, -0.250578582, -0.433878809, 0.848710358, 0.692009151];
  expect(worst(new TorchRandom(0n).randn(16).subarray(0, 6), expected)).toBeLessThan(1e-6);
  const few = [1.54099607, -0.293428898, -2.17878938, 0.568431258, -1.08452237];
  expect(worst(new TorchRandom(0n).randn(5), few)).toBeLessThan(1e-6);
});

test("only the low 32 bits of a seed count", () => {
  expect(new TorchRandom(7n).randn(32)).toEqual(new TorchRandom(7n + (1n << 40n)).randn(32));
  expect(new TorchRandom(7n).randn(32)).not.toEqual(new TorchRandom(8n).randn(32));
});

test("a generator goes on in its stream, also between the two of a pair", () => {
  const whole = new TorchRandom(3n).randn(5);
  const pieces = new TorchRandom(3n);
  expect([...pieces.randn(3), ...pieces.randn(2)]).toEqual([...whole]);
  const blocks = new TorchRandom(3n);
  expect([...blocks.randn(16), ...blocks.randn(16)]).toEqual([...new TorchRandom(3n).randn(32)]);
});

test("batch indices pick from one stream", () => {
  const shape = [1, 4, 2, 3, 3];
  const stream = new TorchRandom(11n);
  const items = [stream.randn(72), stream.randn(72), stream.randn(72)];
  expect(latentNoise(shape, 11n, [2])).toEqual(items[2]);
  expect(latentNoise([3, 4, 2, 3, 3], 11n, [2, 0, 2])).toEqual(
    Float32Array.from([...(items[2] ?? []), ...(items[0] ?? []), ...(items[2] ?? [])]),
  );
  expect(() => latentNoise(shape, 11n, [0, 1])).toThrow("batch indices");
  expect(() => latentNoise(shape, 11n, [-1])).toThrow("batch indices");
});

test("mean and deviation of a million values", () => {
  const values = new TorchRandom(5n).randn(1_000_000);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  expect(Math.abs(mean)).toBeLessThan(0.005);
  expect(Math.abs(square - 1)).toBeLessThan(0.005);
});

test("five million values take less than a second of processor time", () => {
  const start = process.cpuUsage();
  new TorchRandom(1n).randn(5_000_000);
  expect(process.cpuUsage(start).user / 1e6).toBeLessThan(1);
});
