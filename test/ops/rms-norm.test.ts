import { expect, test } from "vitest";
import { rmsNorm } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import { randomArray } from "../helpers/tensors.ts";
import { errorOfLargest, evaluate } from "./evaluate.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";
import { mapRows, NORM_SIZES } from "./norm-reference.ts";

const EPS = 1e-5;

onEveryIsa((device) => {
  test.each(NORM_SIZES)("[%i, %i]", async (rows, width) => {
    const x = randomArray(rows * width, 1, 5);
    const weight = randomArray(width, 2);
    const plain = mapRows(x, width, (v, _, { meanSquare }) => v / Math.sqrt(meanSquare + EPS));
    const scaled = plain.map((v, i) => v * (weight[i % width] ?? NaN));

    const without = await evaluate(() => rmsNorm(device.tensor(x, [rows, width]), null, EPS));
    expect(errorOfLargest(without, plain)).toBeLessThan(4e-7);
    const weighted = await evaluate(() =>
      rmsNorm(device.tensor(x, [rows, width]), device.tensor(weight, [width]), EPS),
    );
    expect(errorOfLargest(weighted, scaled)).toBeLessThan(4e-7);
  });

  test("has the same bytes over its operand", async () => {
    const [apart, over] = scope(() => {
      const x = device.tensor(randomArray(60 * 333, 4), [60, 333]);
      const weight = device.tensor(randomArray(333, 5), [333]);
      const first = rmsNorm(x, weight, EPS).readRaw();
      expect(rmsNorm(x, weight, EPS, x)).toBe(x);
      return [first, x.readRaw()] as const;
    });
    expect(Buffer.compare(await over, await apart)).toBe(0);
  });

  test("zeros stay zeros, and a row that is not finite spoils no other", async () => {
    const data = Float32Array.of(0, 0, NaN, 1, Infinity, 1, 3, 4);
    const values = await evaluate(() => rmsNorm(device.tensor(data, [2, 2, 2]), null, 1e-6));
    expect([...values.subarray(0, 6)]).toEqual([0, 0, NaN, NaN, NaN, 0]);
    expect(values[6]).toBeCloseTo(3 / Math.sqrt(12.5), 6);
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) =>
  rmsNorm(device.tensor(randomArray(301 * 333, 4), [301, 333]), null, EPS),
);
