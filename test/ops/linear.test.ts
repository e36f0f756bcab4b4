import { describe, expect, test } from "vitest";
import { openDevice } from "#runtime/tensor/devices";
import { cast, linear, type Activation } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { DType } from "#runtime/tensor/tensor";
import { expectNoLiveTensors, randomArray } from "../helpers/tensors.ts";
import { evaluate } from "./evaluate.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";
import { activated, product } from "./matrix-reference.ts";

const ACTIVATIONS: readonly Activation[] = ["none", "gelu_tanh", "silu", "gelu"];
const STORED: readonly DType[] = ["f32", "f16", "bf16", "f8_e4m3", "f8_e5m2"];

// Rows on both sides of every tile height and of the path for few rows; widths and depths that end inside a vector, a tile
// and a block of depth.
const SIZES: readonly [rows: number, width: number, depth: number][] = [
  [1, 1, 1],
  [3, 17, 5],
  [4, 33, 100],
  [5, 16, 8],
  [7, 15, 300],
  [13, 40, 257],
  [97, 50, 600],
];

onEveryIsa((device) => {
  describe.each(STORED)("weights stored as %s", (dtype) => {
    test.each(SIZES)("x [%i, K] with a weight [%i, %i]", async (rows, width, depth) => {
      const data = randomArray(rows * depth, 1);
      const [sums, weightRead] = scope(() => {
        const weight = device.tensor(randomArray(width * depth, 2), [width, depth], dtype);
        const bias = device.tensor(randomArray(width, 3), [width]);
        const x = device.tensor(data, [rows, depth]);
        const all = ACTIVATIONS.map((activation) => linear(x, weight, bias, activation).read());
        return [all, cast(weight, "f32").read()] as const;
      });
      const weights = await weightRead;
      const expected = product(data, weights, { rows, width, depth });
      const bias = randomArray(width, 3);
      for (const [i, activation] of ACTIVATIONS.entries()) {
        const result = (await sums[i]) ?? new Float32Array();
        expect(result.length).toBe(rows * width);
        let worst = 0;
        for (let j = 0; j < result.length; j++) {
          const { sum, magnitude } = expected(j);
          const wanted = activated(sum + (bias[j % width] ?? NaN), activation);
          worst = Math.max(worst, Math.abs((result[j] ?? NaN) - wanted) / (magnitude + 1));
        }
        // Of the sum of |x w| + 1: float32 sums of up to 600 terms and the activations' approximations.
        expect(worst).toBeLessThan(1e-6);
      }
    });
  });

  test("leading axes of x are kept and no bias is needed", async () => {
    const [result] = scope(() => {
      const x = device.tensor(randomArray(2 * 3 * 8, 4), [2, 3, 8]);
      const y = linear(x, device.tensor(randomArray(5 * 8, 5), [5, 8]), null);
      expect(y.shape).toEqual([2, 3, 5]);
      return [y.read()] as const;
    });
    const reference = product(randomArray(48, 4), randomArray(40, 5), {
      rows: 6,
      width: 5,
      depth: 8,
    });
    const values = await result;
    for (let j = 0; j < 30; j++) expect(values[j]).toBeCloseTo(reference(j).sum, 5);
  });

  test("over no depth only the bias is left", async () => {
    const values = await evaluate(() =>
      linear(
        device.zeros([2, 0]),
        device.zeros([3, 0]),
        device.tensor(Float32Array.of(1, 2, 3), [3]),
      ),
    );
    expect([...values]).toEqual([1, 2, 3, 1, 2, 3]);
  });

  test("a bias in a storage type is converted", async () => {
    const [result] = scope(() => {
      const x = device.tensor(new Float32Array(6 * 4), [6, 4]);
      const bias = device.tensor(Float32Array.of(0.5, -3, 448), [3], "f8_e4m3");
      return [linear(x, device.zeros([3, 4]), bias).read()] as const;
    });
    expect(Array.from((await result).subarray(0, 3))).toEqual([0.5, -3, 448]);
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) => {
  const x = device.tensor(randomArray(301 * 513, 6), [301, 513]);
  const w = device.tensor(randomArray(203 * 513, 7), [203, 513], "bf16");
  return linear(x, w, null, "silu");
});

// Inputs rounded to bfloat16 (2^-9 relative) where the machine multiplies in it; exact elsewhere.
test("precision bf16 stays within bfloat16 rounding of the inputs", async () => {
  const device = openDevice("cpu", { precision: "bf16", threads: 2 });
  const size = { rows: 37, width: 45, depth: 301 };
  const data = randomArray(size.rows * size.depth, 8);
  const [result, weights] = scope(() => {
    const shape = [size.width, size.depth];
    const w = device.tensor(randomArray(size.width * size.depth, 9), shape, "bf16");
    const y = linear(device.tensor(data, [size.rows, size.depth]), w, null);
    return [y.read(), cast(w, "f32").read()] as const;
  });
  const reference = product(data, await weights, size);
  const values = await result;
  for (let j = 0; j < values.length; j++) {
    const { sum, magnitude } = reference(j);
    expect(Math.abs((values[j] ?? NaN) - sum)).toBeLessThan(magnitude * 2 ** -9 + 1e-5);
  }
  await expectNoLiveTensors(device);
});
