import { expect, test } from "vitest";
import {
  parseSweepChoices,
  parseSweepNumbers,
  sweepRuns,
} from "../../../../renderer/panels/sweep/sweep-values.ts";

test.each([
  ["0.1, 0.2 0.4", [0.1, 0.2, 0.4]],
  ["0.1 to 0.4 by 0.1", [0.1, 0.2, 0.3, 0.4]],
  ["1..4", [1, 2, 3, 4]],
  ["8 to 4 by 2", [8, 6, 4]],
  ["-1", [-1]],
  ["5", [5]],
])("%s", (text, values) => {
  expect(parseSweepNumbers(text)).toEqual(values);
});

test.each(["", "a, b", "1 to 100000 by 0.01", "1 to 4 by 0", "1..2..3"])("refuses %s", (text) => {
  expect(() => parseSweepNumbers(text)).toThrow(/Expected/);
});

test("choices must exist", () => {
  expect(parseSweepChoices("128, 64", [128, 64])).toEqual([128, 64]);
  expect(() => parseSweepChoices("32", [128, 64])).toThrow('Expected one of 128, 64, got "32".');
});

test("two axes multiply", () => {
  expect(sweepRuns([{ values: [1, 2, 3] }, { values: [1, 2] }])).toBe(6);
  expect(sweepRuns([])).toBe(0);
});
