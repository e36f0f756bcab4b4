import { expect, test } from "vitest";
import { rowChunks } from "#runtime/nn/row-chunks";

test.each([
  [0, 0],
  [1, 1],
  [40_960, 1],
  [40_961, 2],
  [69_120, 2],
  [460_801, 12],
])("%d rows lie in %d chunks of whole tiles, one after the other", (rows, count) => {
  const chunks = rowChunks(rows);
  expect(chunks).toHaveLength(count);
  expect(chunks.map(([from]) => from)).toEqual([0, ...chunks.map(([, to]) => to)].slice(0, count));
  expect(chunks.at(-1)?.[1] ?? 0).toBe(rows);
  const lengths = chunks.map(([from, to]) => to - from);
  for (const length of lengths.slice(0, -1)) expect(length % 128).toBe(0);
  expect(Math.max(0, ...lengths)).toBeLessThanOrEqual(40_960);
});
