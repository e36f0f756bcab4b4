import { expect, test } from "vitest";
import { timeEmbedding } from "#runtime/nn/time-embedding";

test("cosines first, then sines, from one turn a radian down to one in ten thousand", () => {
  const embedding = timeEmbedding(3, 8);
  const frequencies = [1, 0.1, 0.01, 0.001];
  const expected = [
    ...frequencies.map((frequency) => Math.cos(3 * frequency)),
    ...frequencies.map((frequency) => Math.sin(3 * frequency)),
  ];
  expect([...embedding]).toEqual([...Float32Array.from(expected)]);
});

test("timesteps near 1000 keep the precision that single precision would lose", () => {
  const [cosine = NaN] = timeEmbedding(999.123456789, 256);
  expect(cosine).toBe(Math.fround(Math.cos(999.123456789)));
  expect(cosine).not.toBe(Math.fround(Math.cos(Math.fround(999.123456789))));
});
