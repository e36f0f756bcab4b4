import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { BrownianPath } from "#runtime/sampling/brownian-path";

interface Case {
  readonly levels: readonly number[];
  readonly seed: string;
  readonly size: number;
  readonly queries: readonly (readonly [number, number])[];
  readonly noise: readonly (readonly number[])[];
}

const { cases } = JSON.parse(
  readFileSync(new URL("../../fixtures/brownian-path.json", import.meta.url), "utf8"),
) as { cases: Case[] };

function worst(actual: Float32Array, expected: readonly number[]): number {
  expect(actual).toHaveLength(expected.length);
  return Math.max(...expected.map((value, i) => Math.abs(value - (actual[i] as number))));
}

test.each(cases)(
  "equals torchsde's tree for seed $seed",
  ({ levels, seed, size, queries, noise }) => {
    const path = BrownianPath.over(Float32Array.from(levels), size, BigInt(seed));
    queries.forEach(([from, to], i) => {
      expect(
        worst(path.unitNoise(from, to), noise[i] as readonly number[]),
        `${from} to ${to}`,
      ).toBeLessThan(1e-5);
    });
  },
);

test("does not depend on the order of queries, nor on what is remembered", () => {
  const levels = Float32Array.of(1, 0.7, 0.3, 0.1, 0);
  const one = BrownianPath.over(levels, 16, 9n);
  const other = BrownianPath.over(levels, 16, 9n);
  const expected = [one.unitNoise(1, 0.7), one.unitNoise(0.7, 0.3), one.unitNoise(0.3, 0.1)];
  for (let i = 0; i < 40; i++) other.unitNoise(0.9 - i / 100, 0.45);
  expect(other.unitNoise(0.3, 0.1)).toEqual(expected[2]);
  expect(other.unitNoise(1, 0.7)).toEqual(expected[0]);
});

test("increments add up along the path", () => {
  const path = new BrownianPath(0.1, 1, 64, 3n);
  const scaled = (from: number, to: number): Float32Array =>
    path.unitNoise(from, to).map((value) => value * Math.sqrt(Math.abs(to - from)));
  const [first, second, whole] = [scaled(0.2, 0.4), scaled(0.4, 0.9), scaled(0.2, 0.9)];
  whole.forEach((value, i) => {
    expect((first[i] as number) + (second[i] as number)).toBeCloseTo(value, 4);
  });
});

test("noise is of unit size at any step length, and zero for none", () => {
  const path = new BrownianPath(0.01, 1, 20_000, 5n);
  for (const [from, to] of [
    [1, 0.5],
    [0.5, 0.49],
    [0.49, 0.4899],
  ] as const) {
    const noise = path.unitNoise(from, to);
    const square = noise.reduce((sum, value) => sum + value * value, 0) / noise.length;
    expect(square).toBeGreaterThan(0.95);
    expect(square).toBeLessThan(1.05);
  }
  expect(path.unitNoise(0.5, 0.5).every((value) => value === 0)).toBe(true);
});
