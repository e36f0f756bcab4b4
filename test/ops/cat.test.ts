import { describe, expect, test } from "vitest";
import { cat } from "#runtime/tensor/ops";
import type { DType } from "#runtime/tensor/tensor";
import { countDifferences, evaluate } from "./evaluate.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";
import { randomArray } from "../helpers/tensors.ts";

/** Whole numbers that every type holds, different for each input. */
function whole(n: number, input: number): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => (i * 3 + input * 5) % 16);
}

function joined(shapes: readonly (readonly number[])[], axis: number): number[] {
  const [first = []] = shapes;
  const outside = first.slice(0, axis).reduce((product, n) => product * n, 1);
  const blocks = shapes.map((shape) => shape.slice(axis).reduce((product, n) => product * n, 1));
  const values = blocks.map((block, i) => whole(outside * block, i));
  const result: number[] = [];
  for (let at = 0; at < outside; at++) {
    for (const [i, block] of blocks.entries()) {
      for (let j = 0; j < block; j++) result.push(values[i]?.[at * block + j] ?? NaN);
    }
  }
  return result;
}

onEveryIsa((device) => {
  describe.each<DType>(["f32", "bf16", "f8_e4m3", "i32", "u8"])("%s", (dtype) => {
    test.each<[readonly (readonly number[])[], number]>([
      [[[3]], 0],
      [[[1], [2], [0], [5]], 0],
      [
        [
          [2, 3, 4],
          [5, 3, 4],
        ],
        0,
      ],
      [
        [
          [2, 3, 4],
          [2, 1, 4],
          [2, 2, 4],
        ],
        1,
      ],
      [
        [
          [2, 3, 4],
          [2, 3, 1],
        ],
        2,
      ],
      [
        [
          [0, 3],
          [0, 2],
        ],
        1,
      ],
      [
        [
          [30, 5000],
          [30, 1],
        ],
        1,
      ],
      [[[70_001], [3], [40_000]], 0],
    ])("%j along axis %i", async (shapes, axis) => {
      const values = await evaluate(() => {
        const inputs = shapes.map((shape, i) => {
          const data = whole(
            shape.reduce((product, n) => product * n, 1),
            i,
          );
          const stored =
            dtype === "i32" ? Int32Array.from(data) : dtype === "u8" ? Uint8Array.from(data) : data;
          return device.tensor(stored, shape, dtype);
        });
        const y = cat(inputs, axis);
        expect(y.dtype).toBe(dtype);
        return y;
      });
      expect(countDifferences(values, joined(shapes, axis))).toBe(0);
    });
  });

  test("a negative axis, and a strided input", async () => {
    const values = await evaluate(() =>
      cat(
        [
          device.tensor(Float32Array.of(1, 2, 3, 4), [2, 2]).permute([1, 0]),
          device.tensor(Float32Array.of(5, 6), [2, 1]),
        ],
        -1,
      ),
    );
    expect([...values]).toEqual([1, 3, 5, 2, 4, 6]);
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) =>
  cat(
    [
      device.tensor(randomArray(301 * 77, 1), [301, 77]),
      device.tensor(randomArray(301 * 200, 2), [301, 200]),
    ],
    1,
  ),
);
