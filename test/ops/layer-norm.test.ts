import { describe, expect, test } from "vitest";
import { layerNorm } from "#runtime/tensor/ops";
import { randomArray } from "../helpers/tensors.ts";
import { errorOfLargest, evaluate } from "./evaluate.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";
import { mapRows, NORM_SIZES } from "./norm-reference.ts";

const EPS = 1e-6;

onEveryIsa((device) => {
  describe.each([0, 1, -1000])("values around %i", (offset) => {
    test.each(NORM_SIZES)("[%i, %i]", async (rows, width) => {
      const x = randomArray(rows * width, 1).map((value) => value + offset);
      const [weight, bias] = [randomArray(width, 2), randomArray(width, 3)];
      const plain = mapRows(
        x,
        width,
        (v, _, { mean, variance }) => (v - mean) / Math.sqrt(variance + EPS),
      );
      const affine = plain.map((v, i) => v * (weight[i % width] ?? NaN) + (bias[i % width] ?? NaN));

      const tensor = () => device.tensor(x, [rows, width]);
      // A few roundings, also when the mean is a thousand times the deviation.
      expect(
        errorOfLargest(await evaluate(() => layerNorm(tensor(), { eps: EPS })), plain),
      ).toBeLessThan(1e-6);
      const scaled = await evaluate(() =>
        layerNorm(tensor(), {
          weight: device.tensor(weight, [width]),
          bias: device.tensor(bias, [width]),
          eps: EPS,
        }),
      );
      expect(errorOfLargest(scaled, affine)).toBeLessThan(1e-6);
    });
  });

  test("weight and bias alone, stored as bf16", async () => {
    const x = Float32Array.of(1, -1, 3, -3);
    const weight = await evaluate(() =>
      layerNorm(device.tensor(x, [2, 2]), {
        weight: device.tensor(Float32Array.of(2, 4), [2], "bf16"),
        eps: 0,
      }),
    );
    expect([...weight]).toEqual([2, -4, 2, -4]);
    const bias = await evaluate(() =>
      layerNorm(device.tensor(x, [2, 2]), {
        bias: device.tensor(Float32Array.of(0.5, 8), [2], "bf16"),
        eps: 0,
      }),
    );
    expect([...bias]).toEqual([1.5, 7, 1.5, 7]);
  });

  test("a row that is not finite spoils no other", async () => {
    const values = await evaluate(() =>
      layerNorm(device.tensor(Float32Array.of(1, NaN, 1, Infinity, 1, -1), [3, 2]), { eps: 0 }),
    );
    expect([...values]).toEqual([NaN, NaN, NaN, NaN, 1, -1]);
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) =>
  layerNorm(device.tensor(randomArray(301 * 333, 4), [301, 333]), { eps: EPS }),
);
