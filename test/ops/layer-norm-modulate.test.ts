import { describe, expect, test } from "vitest";
import { layerNormModulate } from "#runtime/tensor/ops";
import { randomArray } from "../helpers/tensors.ts";
import { errorOfLargest, evaluate } from "./evaluate.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";
import { mapRows, NORM_SIZES } from "./norm-reference.ts";

const EPS = 1e-6;

onEveryIsa((device) => {
  describe.each([
    ["one row", "one row"],
    ["one row", "a row each"],
    ["a row each", "one row"],
    ["a row each", "a row each"],
  ])("shift: %s, scale: %s", (shiftRows, scaleRows) => {
    test.each(NORM_SIZES)("[%i, %i]", async (rows, width) => {
      const x = randomArray(rows * width, 1).map((value) => 3 * value - 2);
      const shape = (which: string) => (which === "one row" ? [width] : [rows, width]);
      const size = (which: string) => (which === "one row" ? width : rows * width);
      const shift = randomArray(size(shiftRows), 2);
      const scale = randomArray(size(scaleRows), 3);
      const expected = mapRows(x, width, (v, i, { mean, variance }, row) => {
        const normal = (v - mean) / Math.sqrt(variance + EPS);
        const at = (which: string) => (which === "one row" ? i : row * width + i);
        return normal * (1 + (scale[at(scaleRows)] ?? NaN)) + (shift[at(shiftRows)] ?? NaN);
      });
      const values = await evaluate(() =>
        layerNormModulate(
          device.tensor(x, [rows, width]),
          device.tensor(shift, shape(shiftRows)),
          device.tensor(scale, shape(scaleRows)),
          EPS,
        ),
      );
      expect(errorOfLargest(values, expected)).toBeLessThan(1e-6);
    });
  });

  test("leading axes of x are kept", async () => {
    const x = Float32Array.of(1, -1, 5, 5.5, 2, 4);
    const values = await evaluate(() => {
      const y = layerNormModulate(
        device.tensor(x, [3, 1, 2]),
        device.tensor(Float32Array.of(1, 2), [2]),
        device.tensor(Float32Array.of(0, 1), [2], "bf16"),
        0,
      );
      expect(y.shape).toEqual([3, 1, 2]);
      return y;
    });
    expect([...values]).toEqual([2, 0, 0, 4, 0, 4]);
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) =>
  layerNormModulate(
    device.tensor(randomArray(301 * 333, 4), [301, 333]),
    device.tensor(randomArray(333, 5), [333]),
    device.tensor(randomArray(301 * 333, 6), [301, 333]),
    EPS,
  ),
);
