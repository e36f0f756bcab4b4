import { expect, test } from "vitest";
import { scalingPlot } from "../../scripts/gpu-bench/scaling-svg.ts";

const point = (frames: number, seconds: number) => ({ frames, tokens: 1000 * frames, seconds });

test("the higher a figure, the further up its point", () => {
  const svg = scalingPlot(
    { dense: [point(3, 40), point(1, 8)], radial: [point(1, 5), point(3, 16)] },
    "a <b>",
  );
  const points = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(
    ([, x, y]) => [Number(x), Number(y)] as const,
  );
  const [first, last, radialFirst, radialLast] = points;
  expect(points).toHaveLength(4);
  expect(last![0]).toBeGreaterThan(first![0]);
  expect(last![1]).toBeLessThan(radialLast![1]);
  expect(first![1]).toBeLessThan(radialFirst![1]);
  // From zero, in proportion: 340 is the axis.
  expect((340 - last![1]) / (340 - first![1])).toBeCloseTo(5, 6);
  expect(svg).toContain("3,000 tokens");
  expect(svg).toContain("a &lt;b>");
});

test("without figures there is no plot", () => {
  expect(() => scalingPlot({ dense: [], radial: [] }, "")).toThrow(/Expected figures/);
});
