import { expect, test } from "vitest";
import { ropeTable } from "#runtime/nn/rope-table";

test("every axis turns its own pairs by its position, tokens in row-major order", () => {
  const sizes = [2, 3, 4];
  const widths = [4, 2, 6];
  const table = ropeTable(sizes, widths);
  expect(table).toHaveLength(24 * 12);
  for (let token = 0; token < 24; token++) {
    const position = [Math.floor(token / 12), Math.floor(token / 4) % 3, token % 4];
    let at = token * 12;
    for (const [axis, width] of widths.entries()) {
      for (let i = 0; i < width; i += 2, at += 2) {
        const angle = position[axis]! / 10_000 ** (i / width);
        expect(table[at]).toBeCloseTo(Math.cos(angle), 6);
        expect(table[at + 1]).toBeCloseTo(Math.sin(angle), 6);
      }
    }
  }
});

test("another base turns more", () => {
  const [, , cosine] = ropeTable([2], [4], 100).subarray(4);
  expect(cosine).toBeCloseTo(Math.cos(0.1), 6);
});
