import { describe, expect, test } from "vitest";
import { channelRmsNorm } from "#runtime/tensor/ops";
import { randomArray } from "../helpers/tensors.ts";
import { errorOfLargest, evaluate } from "./evaluate.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";
import { activated } from "./matrix-reference.ts";
import { mapRows, NORM_SIZES } from "./norm-reference.ts";

onEveryIsa((device) => {
  describe.each([false, true])("followed by SiLU: %s", (activate) => {
    test.each(NORM_SIZES)("%i pixels of %i channels", async (pixels, channels) => {
      const x = randomArray(pixels * channels, 1, 3);
      const gamma = randomArray(channels, 2, 2);
      const expected = mapRows(x, channels, (v, i, { meanSquare }) => {
        const length = Math.max(Math.sqrt(meanSquare * channels), 1e-12);
        const y = (v / length) * Math.sqrt(channels) * (gamma[i] ?? NaN);
        return activated(y, activate ? "silu" : "none");
      });
      const values = await evaluate(() =>
        channelRmsNorm(
          device.tensor(x, [1, 1, pixels, channels]),
          device.tensor(gamma, [channels]),
          activate,
        ),
      );
      expect(errorOfLargest(values, expected)).toBeLessThan(6e-7);
    });
  });

  test("pixels of nearly no length are scaled by 1e12", async () => {
    const data = Float32Array.of(0, 0, 0, 0, 3e-13, 0, 0, -1e-13);
    const values = await evaluate(() =>
      channelRmsNorm(
        device.tensor(data, [2, 4]),
        device.tensor(Float32Array.of(1, 1, 1, 1), [4]),
        false,
      ),
    );
    const expected = Float64Array.from(data, (x) => 2e12 * x);
    expect(errorOfLargest(values, expected)).toBeLessThan(3e-7);
  });

  test("a pixel that is not finite spoils no other", async () => {
    const values = await evaluate(() =>
      channelRmsNorm(
        device.tensor(Float32Array.of(NaN, 1, 3, -4), [2, 2], "f32"),
        device.tensor(Float32Array.of(5, 5), [2], "bf16"),
        false,
      ),
    );
    expect([...values.subarray(0, 2)]).toEqual([NaN, NaN]);
    expect(errorOfLargest(values.subarray(2), [3 * Math.SQRT2, -4 * Math.SQRT2])).toBeLessThan(
      3e-7,
    );
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) =>
  channelRmsNorm(
    device.tensor(randomArray(3001 * 27, 4), [3001, 27]),
    device.tensor(randomArray(27, 5), [27]),
    true,
  ),
);
