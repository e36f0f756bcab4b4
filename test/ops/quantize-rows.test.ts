import { expect, test } from "vitest";
import { cast, quantizeRows } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { randomArray } from "../helpers/tensors.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";

const LARGEST = 448;

async function quantized(make: () => Tensor) {
  const [values, scales] = scope(() => {
    const result = quantizeRows(make());
    expect([result.values.dtype, result.scales.dtype]).toEqual(["f8_e4m3", "f32"]);
    return [cast(result.values, "f32").read(), result.scales.read()] as const;
  });
  return { values: await values, scales: await scales };
}

onEveryIsa((device) => {
  test.each([
    [1, 1],
    [3, 7],
    [19, 300],
  ])("values times scales are within half a step of x [%i, %i]", async (rows, width) => {
    const x = randomArray(rows * width, 1).map((v, i) => v * 10 ** ((i % rows) - 3));
    const { values, scales } = await quantized(() => device.tensor(x, [rows, width]));
    for (let r = 0; r < rows; r++) {
      const row = x.subarray(r * width, (r + 1) * width);
      const most = row.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      const scale = scales[r] ?? NaN;
      expect(scale).toBe(Math.fround(most / LARGEST));
      for (const [k, v] of row.entries()) {
        const back = (values[r * width + k] ?? NaN) * scale;
        // Three bits of mantissa; below 2^-6 of the format steps of 2^-9.
        expect(Math.abs(back - v)).toBeLessThanOrEqual(
          Math.max(Math.abs(v) * 2 ** -4, scale * 2 ** -10) * 1.000001,
        );
      }
      expect(
        values.subarray(r * width, (r + 1) * width).reduce((a, b) => Math.max(a, Math.abs(b)), 0),
      ).toBe(LARGEST);
    }
  });

  test("a row of zeros stays zeros, one with NaN is NaN where it was", async () => {
    const x = Float32Array.of(0, 0, 0, 1, NaN, 2);
    const { values, scales } = await quantized(() => device.tensor(x, [2, 3]));
    expect([...values.subarray(0, 3), scales[0]]).toEqual([0, 0, 0, 1]);
    expect([scales[1], values[4]]).toEqual([NaN, NaN]);
  });

  test("reads any stored type, of strided matrices too, and no rows or columns", async () => {
    const x = Float32Array.of(1, 2, 3, 4, 5, 6);
    const { values, scales } = await quantized(() =>
      device.tensor(x, [2, 3], "bf16").permute([1, 0]),
    );
    expect([...scales]).toEqual([4, 5, 6].map((most) => Math.fround(most / LARGEST)));
    expect([values[1], values[3], values[5]]).toEqual([LARGEST, LARGEST, LARGEST]);
    expect((await quantized(() => device.empty([0, 5]))).scales).toHaveLength(0);
    expect([...(await quantized(() => device.empty([2, 0]))).scales]).toEqual([1, 1]);
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) => {
  return quantizeRows(device.tensor(randomArray(100 * 77, 1), [100, 77])).values;
});
