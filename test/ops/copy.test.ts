import { describe, expect, test } from "vitest";
import { copy } from "#runtime/tensor/ops";
import type { DType, Tensor } from "#runtime/tensor/tensor";
import { randomArray } from "../helpers/tensors.ts";
import { countDifferences, evaluate } from "./evaluate.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";
import { allPermutations, permuted } from "./strided-reference.ts";

const TYPES: readonly DType[] = ["f32", "f16", "bf16", "f8_e4m3", "f8_e5m2", "i32", "u8"];

onEveryIsa((device) => {
  /** Whole numbers that every type holds, 0 to 7. */
  function source(shape: readonly number[], dtype: DType): { x: Tensor; values: Float32Array } {
    const n = shape.reduce((product, length) => product * length, 1);
    const values = Float32Array.from({ length: n }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 29);
    const data =
      dtype === "i32" ? Int32Array.from(values) : dtype === "u8" ? Uint8Array.from(values) : values;
    return { x: device.tensor(data, shape, dtype), values };
  }

  describe.each(TYPES)("%s", (dtype) => {
    test.each(allPermutations(4).map((axes) => [axes]))("axes %j of [4, 3, 6, 5]", async (axes) => {
      const shape = [4, 3, 6, 5];
      let expected: Float32Array = new Float32Array();
      const values = await evaluate(() => {
        const made = source(shape, dtype);
        expected = permuted(made.values, shape, axes);
        const y = copy(made.x.permute(axes));
        expect(y.isContiguous).toBe(true);
        expect(y.dtype).toBe(dtype);
        return y;
      });
      expect(countDifferences(values, expected)).toBe(0);
    });

    test.each([[[]], [[0, 4]], [[1]], [[1, 1, 3]], [[70_001]]])("contiguous %j", async (shape) => {
      let expected: Float32Array = new Float32Array();
      const values = await evaluate(() => {
        const made = source(shape, dtype);
        expected = made.values;
        return copy(made.x);
      });
      expect(countDifferences(values, expected)).toBe(0);
    });

    test.each([
      [
        [270, 37],
        [1, 0],
      ],
      [
        [3, 40, 301],
        [1, 2, 0],
      ],
      [
        [40, 301, 3],
        [2, 0, 1],
      ],
      [
        [5, 20, 300, 2],
        [0, 2, 1, 3],
      ],
    ])("transposes %j to axes %j", async (shape, axes) => {
      let expected: Float32Array = new Float32Array();
      const values = await evaluate(() => {
        const made = source(shape, dtype);
        expected = permuted(made.values, shape, axes);
        return copy(made.x.permute(axes));
      });
      expect(countDifferences(values, expected)).toBe(0);
    });
  });

  test("slices of slices, permuted", async () => {
    const data = randomArray(7 * 9 * 11, 1);
    const values = await evaluate(() =>
      copy(
        device
          .tensor(data, [7, 9, 11])
          .slice(0, 2, 6)
          .permute([2, 0, 1])
          .slice(2, 3, 8)
          .slice(0, 1, 11),
      ),
    );
    const expected: number[] = [];
    for (let c = 1; c < 11; c++)
      for (let a = 2; a < 6; a++)
        for (let b = 3; b < 8; b++) expected.push(data[(a * 9 + b) * 11 + c] ?? NaN);
    expect([...values]).toEqual(expected);
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) =>
  copy(device.tensor(randomArray(37 * 301 * 9, 2), [37, 301, 9]).permute([2, 1, 0])),
);
