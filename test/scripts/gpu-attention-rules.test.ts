import { describe, expect, test } from "vitest";
import { attentionShares, cliffs } from "../../scripts/gpu-bench/attention-rules.ts";

const point = (tokens: number, density: number, teraflops: number) => ({
  name: "attention sweep",
  tokens,
  density,
  teraflops,
});

describe("the sweep over lengths and densities", () => {
  test("may be slower at small work", () => {
    const figures = [point(1024, 0.1, 100), point(4096, 0.1, 400), point(4096, 0.5, 500)];
    expect(cliffs(figures)).toMatchObject([{ holds: true }]);
  });
  test.each([
    ["a longer clip", [point(4096, 0.1, 500), point(16_384, 0.1, 449)]],
    ["a denser mask", [point(4096, 0.1, 500), point(4096, 0.5, 449)]],
    ["a fall between two rises", [point(1, 1, 9), point(2, 1, 8), point(3, 1, 20)]],
  ])("breaks where %s costs over a tenth of the rate", (_what, figures) => {
    expect(cliffs(figures)).toMatchObject([{ holds: false }]);
  });
  test("compares about equal densities only", () => {
    const figures = [point(4096, 0.5, 500), point(16_384, 0.05, 300)];
    expect(cliffs(figures)).toEqual([]);
  });
  test("is left open where it was not run", () => {
    expect(cliffs([])).toEqual([]);
  });
});

describe("the portable path on active tiles", () => {
  const sparse = (teraflops: number, attentionPath = "portable") => ({
    name: "attention radial",
    tokens: 69_120,
    attentionPath,
    teraflops,
  });
  const flash = { name: "attention_dense", impl: "flash2", tokens: 69_120, tflops: 400 };
  test("owes sparse work the share that it owes dense", () => {
    expect(attentionShares([flash, sparse(381)])).toMatchObject([{ holds: true }]);
    expect(attentionShares([flash, sparse(379)])).toMatchObject([{ holds: false }]);
  });
  test("is not judged by the Hopper kernels, nor alone", () => {
    expect(attentionShares([flash, sparse(600, "fastest")])).toEqual([]);
    expect(attentionShares([sparse(381)])).toEqual([]);
  });
});
