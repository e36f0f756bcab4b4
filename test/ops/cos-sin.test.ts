import { expect, test } from "vitest";
import { cosSin } from "#runtime/tensor/ops";
import { randomArray } from "../helpers/tensors.ts";
import { evaluate } from "./evaluate.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";

onEveryIsa((device) => {
  test.each([1, 30, 1000, 1e6])("angles up to %f", async (scale) => {
    const x = randomArray(600, 1, scale);
    const values = await evaluate(() => {
      const y = cosSin(device.tensor(x, [20, 30]));
      expect(y.shape).toEqual([20, 30, 2]);
      return y;
    });
    const expected = Float32Array.from({ length: 1200 }, (_, i) =>
      i % 2 === 0 ? Math.cos(x[i >> 1]!) : Math.sin(x[i >> 1]!),
    );
    const worst = Math.max(...values.map((value, i) => Math.abs(value - expected[i]!)));
    expect(worst).toBeLessThan(1.2e-7);
  });

  test("what is not finite has neither", async () => {
    const values = await evaluate(() =>
      cosSin(device.tensor(Float32Array.of(NaN, Infinity, 0), [3])),
    );
    expect([...values]).toEqual([NaN, NaN, NaN, NaN, 1, 0]);
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) =>
  cosSin(device.tensor(randomArray(50_001, 4, 100), [50_001])),
);
