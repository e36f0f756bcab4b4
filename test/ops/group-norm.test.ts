import { describe, expect, test } from "vitest";
import { groupNorm } from "#runtime/tensor/ops";
import { randomArray } from "../helpers/tensors.ts";
import { errorOfLargest, evaluate } from "./evaluate.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";
import { activated } from "./matrix-reference.ts";
import { rowStatistics } from "./norm-reference.ts";

const EPS = 1e-6;

interface Size {
  readonly clips: number;
  readonly pixels: number;
  readonly channels: number;
  readonly groups: number;
}

/** In float64. */
function expectedOf(
  x: Float32Array,
  { clips, pixels, channels, groups }: Size,
  weight: Float32Array,
  bias: Float32Array,
  activate: boolean,
): Float64Array {
  const out = new Float64Array(x.length);
  const each = channels / groups;
  for (let clip = 0; clip < clips; clip++) {
    for (let group = 0; group < groups; group++) {
      const at = Array.from(
        { length: pixels * each },
        (_, i) => (clip * pixels + Math.floor(i / each)) * channels + group * each + (i % each),
      );
      const { mean, variance } = rowStatistics(at.map((i) => x[i]!));
      for (const i of at) {
        const y = ((x[i]! - mean) / Math.sqrt(variance + EPS)) * weight[i % channels]!;
        out[i] = activated(y + bias[i % channels]!, activate ? "silu" : "none");
      }
    }
  }
  return out;
}

const SIZES: readonly Size[] = [
  { clips: 1, pixels: 0, channels: 8, groups: 2 },
  { clips: 1, pixels: 1, channels: 2, groups: 1 },
  { clips: 2, pixels: 3, channels: 6, groups: 3 },
  { clips: 1, pixels: 17, channels: 20, groups: 4 },
  { clips: 3, pixels: 33, channels: 32, groups: 32 },
  { clips: 1, pixels: 700, channels: 64, groups: 32 },
  { clips: 2, pixels: 2051, channels: 24, groups: 8 },
];

onEveryIsa((device) => {
  describe.each([false, true])("followed by SiLU: %s", (activate) => {
    test.each(SIZES)("%o", async (size) => {
      const { clips, pixels, channels, groups } = size;
      const x = randomArray(clips * pixels * channels, 1, 3);
      const [weight, bias] = [randomArray(channels, 2), randomArray(channels, 3)];
      const shape = [clips, pixels, channels];
      const values = await evaluate(() =>
        groupNorm(
          device.tensor(x, shape),
          device.tensor(weight, [channels]),
          device.tensor(bias, [channels]),
          { groups, eps: EPS, activate },
        ),
      );
      const expected = expectedOf(x, size, weight, bias, activate);
      expect(errorOfLargest(values, expected)).toBeLessThan(8e-7);
    });
  });

  test("a mean a thousand times the deviation costs no digits", async () => {
    const size = { clips: 1, pixels: 500, channels: 4, groups: 2 };
    const x = Float32Array.from({ length: 2000 }, (_, i) => 1000 + Math.sin(i));
    const [weight, bias] = [new Float32Array(4).fill(1), new Float32Array(4)];
    const values = await evaluate(() =>
      groupNorm(
        device.tensor(x, [1, 500, 4]),
        device.tensor(weight, [4]),
        device.tensor(bias, [4]),
        {
          groups: 2,
          eps: EPS,
        },
      ),
    );
    expect(errorOfLargest(values, expectedOf(x, size, weight, bias, false))).toBeLessThan(2e-6);
  });

  test("a group that is not finite spoils no other", async () => {
    const values = await evaluate(() =>
      groupNorm(
        device.tensor(Float32Array.of(NaN, 1, 2, 3, 5, -1), [1, 3, 2], "f32"),
        device.tensor(Float32Array.of(1, 1), [2], "bf16"),
        device.tensor(Float32Array.of(0, 0), [2]),
        { groups: 2, eps: 0 },
      ),
    );
    expect(values[0]).toBeNaN();
    expect(Number.isFinite(values[1])).toBe(true);
  });

  test("groups that do not divide the channels are refused", () => {
    using x = device.zeros([1, 2, 6]);
    using row = device.zeros([6]);
    expect(() => groupNorm(x, row, row, { groups: 4, eps: EPS })).toThrow(/divides 6 channels/);
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) =>
  groupNorm(
    device.tensor(randomArray(3001 * 12, 4), [1, 3001, 12]),
    device.tensor(randomArray(12, 5), [12]),
    device.tensor(randomArray(12, 6), [12]),
    { groups: 3, eps: EPS, activate: true },
  ),
);
