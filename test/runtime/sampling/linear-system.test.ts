import { expect, test } from "vitest";
import { solve } from "#runtime/sampling/linear-system";

test("solves systems of one to three unknowns, also where rows must be exchanged", () => {
  expect(solve([[4]], [2])).toEqual([0.5]);
  expect(
    solve(
      [
        [0, 2],
        [3, 1],
      ],
      [4, 5],
    ),
  ).toEqual([1, 2]);
  const rows = [
    [1, 1, 1],
    [-0.5, 0.25, 1],
    [0.25, 0.0625, 1],
  ];
  const wanted = [0.3, -2, 7];
  const right = rows.map((row) =>
    row.reduce((sum, value, i) => sum + value * (wanted[i] as number), 0),
  );
  solve(rows, right).forEach((value, i) => expect(value).toBeCloseTo(wanted[i] as number, 12));
});

test("leaves its arguments as they are, and an empty system has no unknowns", () => {
  const rows = [
    [0, 2],
    [3, 1],
  ];
  solve(rows, [4, 5]);
  expect(rows).toEqual([
    [0, 2],
    [3, 1],
  ]);
  expect(solve([], [])).toEqual([]);
});
