import { expect, test } from "vitest";
import { lincomb } from "#runtime/tensor/ops";
import { randomArray } from "../helpers/tensors.ts";
import { errorOfLargest, evaluate, generate } from "./evaluate.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";

onEveryIsa((device) => {
  test.each([[[]], [[0, 3]], [[1]], [[7]], [[3, 5, 7]], [[257, 301]]])(
    "shape %j",
    async (shape) => {
      const n = shape.reduce((product: number, length) => product * length, 1);
      const [x, y] = [randomArray(n, 1), randomArray(n, 2)];
      const result = await evaluate(() =>
        lincomb(device.tensor(x, shape), device.tensor(y, shape), 1.25, -0.3),
      );
      const expected = generate(n, (i) => 1.25 * (x[i] ?? NaN) - Math.fround(0.3) * (y[i] ?? NaN));
      // Two roundings.
      expect(errorOfLargest(result, expected)).toBeLessThan(1.5e-7);
    },
  );

  test("values that are not finite pass", async () => {
    const result = await evaluate(() =>
      lincomb(
        device.tensor(Float32Array.of(NaN, 1, Infinity, Infinity), [4]),
        device.tensor(Float32Array.of(1, NaN, 1, Infinity), [4]),
        2,
        -1,
      ),
    );
    expect([...result]).toEqual([NaN, NaN, Infinity, NaN]);
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) =>
  lincomb(
    device.tensor(randomArray(100_003, 3), [100_003]),
    device.tensor(randomArray(100_003, 4), [100_003]),
    0.1,
    0.7,
  ),
);
