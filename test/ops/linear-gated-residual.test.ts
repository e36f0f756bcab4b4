import { describe, expect, test } from "vitest";
import { add, linear, linearGatedResidual, mul } from "#runtime/tensor/ops";
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
  ] as const)("equals add, mul and linear with %s", async (_, rows, width, depth, gateShape) => {
    const [fused, plain] = scope(() => {
      const x = device.tensor(randomArray(rows * depth, 1), [rows, depth]);
      const w = device.tensor(randomArray(width * depth, 2), [width, depth], "bf16");
      const bias = device.tensor(randomArray(width, 3), [width]);
      const residual = device.tensor(randomArray(rows * width, 4), [rows, width]);
      const gateCount = gateShape.reduce((a, b) => a * b, 1);
      const gate = device.tensor(randomArray(gateCount, 5), gateShape);
      return [
        linearGatedResidual(x, w, bias, residual, gate).read(),
        add(residual, mul(linear(x, w, bias), gate)).read(),
      ] as const;
    });
    expect(relativeError(await fused, await plain)).toBeLessThan(1e-6);
  });

  describe("written over its residual", () => {
    test.each([
      ["few rows", 3, 33, 700, [33]],
      ["a ragged column", 30, 17, 64, [17]],
      ["several blocks of depth", 203, 150, 900, [203, 150]],
      ["several runs of columns", 40, 1300, 1100, [1300]],
    ] as const)("has the same bytes with %s", async (_, rows, width, depth, gateShape) => {
      const [apart, over] = scope(() => {
        const x = device.tensor(randomArray(rows * depth, 1), [rows, depth]);
        const w = device.tensor(randomArray(width * depth, 2), [width, depth], "bf16");
        const bias = device.tensor(randomArray(width, 3), [width]);
        const residual = device.tensor(randomArray(rows * width, 4), [rows, width]);
        const gateCount = gateShape.reduce((a, b) => a * b, 1);
        const gate = device.tensor(randomArray(gateCount, 5), gateShape);
        const first = linearGatedResidual(x, w, bias, residual, gate).readRaw();
        const result = linearGatedResidual(x, w, bias, residual, gate, residual);
        expect(result).toBe(residual);
        return [first, residual.readRaw()] as const;
      });
      expect(Buffer.compare(await over, await apart)).toBe(0);
    });
  });

  test("a result of another shape or type is refused", () => {
    scope(() => {
      const x = device.zeros([4, 8]);
      const w = device.zeros([6, 8]);
      const [residual, gate] = [device.zeros([4, 6]), device.zeros([6])];
      const into = (shape: number[], dtype: "f32" | "bf16") => () =>
        linearGatedResidual(x, w, null, residual, gate, device.zeros(shape, dtype));
      expect(into([6, 4], "f32")).toThrow(/Expected a contiguous tensor of \[4, 6\]/);
      expect(into([4, 6], "bf16")).toThrow(/Expected a tensor of f32 for the result/);
    });
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) => {
  const x = device.tensor(randomArray(200 * 300, 1), [200, 300]);
  const w = device.tensor(randomArray(150 * 300, 2), [150, 300]);
  const residual = device.tensor(randomArray(200 * 150, 4), [200, 150]);
  return linearGatedResidual(x, w, null, residual, device.tensor(randomArray(150, 5), [150]));
});

sameForAnyThreads("nor do they when it is written over its residual", (device) => {
  const x = device.tensor(randomArray(200 * 500, 1), [200, 500]);
  const w = device.tensor(randomArray(150 * 500, 2), [150, 500]);
  const residual = device.tensor(randomArray(200 * 150, 4), [200, 150]);
  const gate = device.tensor(randomArray(150, 5), [150]);
  return linearGatedResidual(x, w, null, residual, gate, residual);
});
