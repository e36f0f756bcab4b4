import { expect, test } from "vitest";
import {
  attendedShare,
  blockCount,
  density,
  maskFromRows,
  maskPerHead,
  rowColumns,
} from "#runtime/attention/csr";

const diagonal = (tokens: number) =>
  maskFromRows({ blockSize: 64, tokens }, (row, kept) => {
    kept[row] = 1;
  });
const full = (tokens: number) =>
  maskFromRows({ blockSize: 64, tokens }, (_, kept) => void kept.fill(1));

test("rows are compressed in ascending order", () => {
  const mask = maskFromRows({ blockSize: 128, tokens: 500 }, (row, kept) => {
    kept[3] = 1;
    if (row % 2 === 0) kept[row] = 1;
  });
  expect(blockCount(mask)).toBe(4);
  expect([...mask.rowPtr]).toEqual([0, 2, 3, 5, 6]);
  expect([...mask.col]).toEqual([0, 3, 3, 2, 3, 3]);
  expect([...rowColumns(mask, 2)]).toEqual([2, 3]);
});

test("density counts blocks, the attended share counts token pairs", () => {
  expect(density(full(130))).toBe(1);
  expect(attendedShare(full(130))).toBe(1);
  const mask = diagonal(130);
  expect(density(mask)).toBeCloseTo(1 / 3, 12);
  expect(attendedShare(mask)).toBeCloseTo((64 * 64 * 2 + 2 * 2) / 130 ** 2, 12);
});

test("masks a head keep their rows and are padded to equal length", () => {
  const mask = maskPerHead([diagonal(130), full(130)]);
  expect(mask.groups).toBe(2);
  expect(mask.col).toHaveLength(18);
  expect([...rowColumns(mask, 1, 0)]).toEqual([1]);
  expect([...rowColumns(mask, 1, 1)]).toEqual([0, 1, 2]);
  expect(Array.from(mask.col.slice(3, 9))).toEqual([-1, -1, -1, -1, -1, -1]);
  expect(density(mask)).toBeCloseTo(12 / 18, 12);
  expect(() => maskPerHead([diagonal(130), full(200)])).toThrow("one size");
  expect(() => maskPerHead([])).toThrow("one size");
});

test("long lists grow", () => {
  const mask = full(64 * 300);
  expect(mask.col).toHaveLength(90_000);
  expect(mask.col[89_999]).toBe(299);
});
