import { describe, expect, test } from "vitest";
import { cast, loraMerge } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { DType } from "#runtime/tensor/tensor";
import { randomArray } from "../helpers/tensors.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";
import { product } from "./matrix-reference.ts";

// Half a step of the stored type, relative.
const ROUNDING: readonly [DType, number][] = [
  ["f32", 2 ** -24],
  ["f16", 2 ** -11],
  ["bf16", 2 ** -8],
  ["f8_e4m3", 2 ** -4],
  ["f8_e5m2", 2 ** -3],
];

onEveryIsa((device) => {
  describe.each(ROUNDING)("merged into %s", (dtype, rounding) => {
    test.each([
      [1, 1, 1, 1],
      [13, 37, 4, -0.7],
      [40, 600, 16, 1.25],
    ])("w [%i, %i], rank %i, scale %d", async (height, width, rank, scale) => {
      const up = randomArray(height * rank, 2);
      const down = randomArray(rank * width, 3);
      const [merged, before] = scope(() => {
        const w = device.tensor(randomArray(height * width, 1), [height, width], dtype);
        const result = loraMerge(
          w,
          device.tensor(up, [height, rank]),
          device.tensor(down, [rank, width]),
          scale,
        );
        expect(result.dtype).toBe(dtype);
        return [result.read(), cast(w, "f32").read()] as const;
      });
      const downColumns = new Float32Array(rank * width);
      for (let r = 0; r < rank; r++) {
        for (let k = 0; k < width; k++) downColumns[k * rank + r] = down[r * width + k] ?? NaN;
      }
      const delta = product(up, downColumns, { rows: height, width, depth: rank });
      const [values, stored] = [await merged, await before];
      for (let j = 0; j < values.length; j++) {
        const { sum, magnitude } = delta(j);
        const wanted = (stored[j] ?? NaN) + scale * sum;
        // The type's rounding, or half its smallest step, plus float32 rounding of the sum.
        const bound = Math.abs(wanted) * rounding + 2 ** -10 * (dtype.startsWith("f8") ? 1 : 0);
        const noise = 1e-6 * (Math.abs(scale) * magnitude + Math.abs(stored[j] ?? NaN));
        expect(Math.abs((values[j] ?? NaN) - wanted)).toBeLessThanOrEqual(bound + noise);
      }
    });
  });

  test("up and down may be stored in another type than the weight and the result", async () => {
    const [result] = scope(() => {
      const w = device.tensor(Float32Array.of(1, 2, 3, 4), [2, 2], "f16");
      const up = device.tensor(Float32Array.of(1, 2), [2, 1], "bf16");
      const down = device.tensor(Float32Array.of(3, -4), [1, 2], "f8_e4m3");
      return [loraMerge(w, up, down, 0.5, "f32").read()] as const;
    });
    expect([...(await result)]).toEqual([2.5, 0, 6, 0]);
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) => {
  const w = device.tensor(randomArray(100 * 333, 1), [100, 333], "bf16");
  const up = device.tensor(randomArray(100 * 8, 2), [100, 8]);
  return loraMerge(w, up, device.tensor(randomArray(8 * 333, 3), [8, 333]), 0.3);
});
