import { describe, expect, test } from "vitest";
import { cast, linear, linearScaled, mul, quantizeRows } from "#runtime/tensor/ops";
import type { Activation } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { randomArray, relativeError } from "../helpers/tensors.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";

/** What quantised rows stand for. */
function restored({ values, scales }: { values: Tensor; scales: Tensor }): Tensor {
  return mul(cast(values, "f32"), scales.reshape([-1, 1]));
}

onEveryIsa((device, isa) => {
  // Scales are applied before the sum there and after it here; pairs of bfloat16 hold float8, but not float8 times a
  // scale, so that this instruction set rounds the restored operands.
  const bound = isa === "avx512_bf16" ? 4e-3 : 1e-6;

  describe.each<Activation>(["none", "gelu_tanh", "silu", "gelu"])(
    "activation %s",
    (activation) => {
      test.each([
        [1, 19, 40],
        [7, 33, 70],
        [30, 18, 700],
      ])(
        "is linear of the quantised operands: x [%i], weight [%i, %i]",
        async (rows, width, depth) => {
          const [scaled, plain] = scope(() => {
            const x = device.tensor(randomArray(rows * depth, 1), [rows, depth]);
            const weight = quantizeRows(
              device.tensor(randomArray(width * depth, 2), [width, depth]),
            );
            const bias = device.tensor(randomArray(width, 3), [width], "bf16");
            return [
              linearScaled(x, weight, bias, activation).read(),
              linear(restored(quantizeRows(x)), restored(weight), bias, activation).read(),
            ] as const;
          });
          expect(relativeError(await scaled, await plain)).toBeLessThan(bound);
        },
      );
    },
  );

  test("comes near to linear in full precision", async () => {
    const [scaled, plain] = scope(() => {
      const x = device.tensor(randomArray(64 * 512, 1), [64, 512]);
      const w = device.tensor(randomArray(48 * 512, 2), [48, 512]);
      return [linearScaled(x, quantizeRows(w), null).read(), linear(x, w, null).read()] as const;
    });
    // Three bits of mantissa on both sides: about 2^-4 / sqrt(3) each, independent.
    expect(relativeError(await scaled, await plain)).toBeLessThan(0.06);
  });

  test("takes more axes and gives no rows for none", async () => {
    const [some, none] = scope(() => {
      const weight = quantizeRows(device.tensor(randomArray(5 * 8, 2), [5, 8]));
      return [
        linearScaled(device.tensor(randomArray(2 * 3 * 8, 1), [2, 3, 8]), weight, null),
        linearScaled(device.empty([0, 8]), weight, null),
      ].map((tensor) => [tensor.shape, tensor.read()] as const);
    });
    expect([some?.[0], none?.[0]]).toEqual([
      [2, 3, 5],
      [0, 5],
    ]);
    expect(await some?.[1]).toHaveLength(30);
    expect(await none?.[1]).toHaveLength(0);
  });

  test("refuses weights of another type and scales of another length", () => {
    scope(() => {
      const x = device.empty([2, 8]);
      const values = device.empty([5, 8], "f8_e4m3");
      expect(() =>
        linearScaled(x, { values: device.empty([5, 8]), scales: device.empty([5]) }, null),
      ).toThrow("Expected the weight of linear_scaled to be f8_e4m3, got f32.");
      expect(() => linearScaled(x, { values, scales: device.empty([4]) }, null)).toThrow(
        "Expected the scales of linear_scaled to be [5], got [4].",
      );
    });
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) => {
  const x = device.tensor(randomArray(200 * 300, 1), [200, 300]);
  return linearScaled(
    x,
    quantizeRows(device.tensor(randomArray(150 * 300, 2), [150, 300])),
    null,
    "silu",
  );
});
