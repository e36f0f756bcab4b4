import { describe, expect, test } from "vitest";
import { gatedResidual } from "#runtime/tensor/ops";
import { randomArray } from "../helpers/tensors.ts";
import { errorOfLargest, evaluate, generate } from "./evaluate.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";
import { NORM_SIZES } from "./norm-reference.ts";

onEveryIsa((device) => {
  describe.each([false, true])("a gate for each row: %s", (each) => {
    test.each(NORM_SIZES)("[%i, %i]", async (rows, width) => {
      const n = rows * width;
      const [x, y] = [randomArray(n, 1), randomArray(n, 2)];
      const gate = randomArray(each ? n : width, 3);
      const values = await evaluate(() =>
        gatedResidual(
          device.tensor(x, [rows, width]),
          device.tensor(y, [rows, width]),
          device.tensor(gate, each ? [rows, width] : [width]),
        ),
      );
      const expected = generate(
        n,
        (i) => (x[i] ?? NaN) + (y[i] ?? NaN) * (gate[each ? i : i % width] ?? NaN),
      );
      // One or two roundings of values of up to 2.
      expect(errorOfLargest(values, expected)).toBeLessThan(2e-7);
    });
  });

  test("a gate in a storage type; values that are not finite pass", async () => {
    const values = await evaluate(() =>
      gatedResidual(
        device.tensor(Float32Array.of(1, NaN, Infinity, 2), [2, 1, 2]),
        device.tensor(Float32Array.of(8, 1, 1, NaN), [2, 1, 2]),
        device.tensor(Float32Array.of(0.5, -2), [2], "f8_e4m3"),
      ),
    );
    expect([...values]).toEqual([5, NaN, Infinity, NaN]);
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) =>
  gatedResidual(
    device.tensor(randomArray(301 * 333, 4), [301, 333]),
    device.tensor(randomArray(301 * 333, 5), [301, 333]),
    device.tensor(randomArray(333, 6), [333]),
  ),
);
