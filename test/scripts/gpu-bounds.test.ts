import { describe, expect, test } from "vitest";
import { BOUNDS, judge, type Bound } from "../../scripts/gpu-bench/bounds.ts";

const bound: Bound = {
  title: "made up",
  ours: { name: "attention radial", size: "40 heads x 69120*" },
  value: "ms",
  other: { pick: { name: "attention_radial", tokens: 69_120 }, value: "ms", least: 1.4 },
};
const ours = (ms: number) => ({ name: "attention radial", size: "40 heads x 69120, 28.7 %", ms });
const theirs = (ms: number) => ({ name: "attention_radial", tokens: 69_120, ms });

describe("a bound", () => {
  test("holds when the other side takes long enough", () => {
    expect(judge(bound, [ours(40), theirs(60)])).toMatchObject({ ratio: 1.5, holds: true });
  });
  test("breaks when it does not", () => {
    expect(judge(bound, [ours(50), theirs(60)])).toMatchObject({ ratio: 1.2, holds: false });
  });
  test("does not hold without the other side", () => {
    expect(judge(bound, [ours(40)])).toMatchObject({ theirs: null, holds: false });
  });
  test("is left open without our figure, also when that failed", () => {
    expect(judge(bound, [theirs(60), { ...ours(1), size: "24 heads x 69120" }])).toBeNull();
    expect(judge(bound, [theirs(60), { ...ours(1), ms: null }])).toBeNull();
  });
  test("counts the last of several figures", () => {
    expect(judge(bound, [ours(90), theirs(60), ours(30)])).toMatchObject({ ours: 30 });
  });
  test("of an absolute figure needs no other side", () => {
    const most: Bound = { title: "", ours: { name: "model decode" }, value: "median", most: 2 };
    expect(judge(most, [{ name: "model decode", median: 1.9 }])).toMatchObject({ holds: true });
    expect(judge(most, [{ name: "model decode", median: 2.1 }])).toMatchObject({ holds: false });
  });
});

test("no two bounds have one title", () => {
  const titles = BOUNDS.map(({ title }) => title);
  expect(new Set(titles).size).toBe(titles.length);
});
