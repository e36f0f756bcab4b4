import { expect, test } from "vitest";
import {
  add,
  linearScaled,
  linearScaledGatedResidual,
  mul,
  quantizeRows,
} from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import { randomArray, relativeError } from "../helpers/tensors.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";

onEveryIsa((device) => {
  // The unfused composition rounds once more; 1e-6 relative in the Euclidean norm.
  test.each([
    ["a gate for all rows", 7, 19, 40, [19]],
    ["a gate for each row", 7, 19, 40, [7, 19]],
    ["few rows", 2, 33, 70, [33]],
    ["several blocks of depth", 30, 18, 700, [30, 18]],
  ] as const)(
    "equals add, mul and linearScaled with %s",
    async (_, rows, width, depth, gateShape) => {
      const [fused, plain] = scope(() => {
        const x = device.tensor(randomArray(rows * depth, 1), [rows, depth]);
        const weight = quantizeRows(device.tensor(randomArray(width * depth, 2), [width, depth]));
        const bias = device.tensor(randomArray(width, 3), [width]);
        const residual = device.tensor(randomArray(rows * width, 4), [rows, width]);
        const gateCount = gateShape.reduce((a, b) => a * b, 1);
        const gate = device.tensor(randomArray(gateCount, 5), gateShape);
        return [
          linearScaledGatedResidual(x, weight, bias, residual, gate).read(),
          add(residual, mul(linearScaled(x, weight, bias), gate)).read(),
        ] as const;
      });
      expect(relativeError(await fused, await plain)).toBeLessThan(1e-6);
    },
  );

  test.each([
    ["few rows", 3, 33, 700],
    ["several blocks of depth", 60, 150, 900],
  ] as const)("has the same bytes over its residual, %s", async (_, rows, width, depth) => {
    const [apart, over] = scope(() => {
      const x = device.tensor(randomArray(rows * depth, 1), [rows, depth]);
      const weight = quantizeRows(device.tensor(randomArray(width * depth, 2), [width, depth]));
      const residual = device.tensor(randomArray(rows * width, 4), [rows, width]);
      const gate = device.tensor(randomArray(width, 5), [width]);
      const first = linearScaledGatedResidual(x, weight, null, residual, gate).readRaw();
      linearScaledGatedResidual(x, weight, null, residual, gate, residual);
      return [first, residual.readRaw()] as const;
    });
    expect(Buffer.compare(await over, await apart)).toBe(0);
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) => {
  const x = device.tensor(randomArray(200 * 300, 1), [200, 300]);
  const weight = quantizeRows(device.tensor(randomArray(150 * 300, 2), [150, 300]));
  const residual = device.tensor(randomArray(200 * 150, 4), [200, 150]);
  const gate = device.tensor(randomArray(150, 5), [150]);
  return linearScaledGatedResidual(x, weight, null, residual, gate);
});
