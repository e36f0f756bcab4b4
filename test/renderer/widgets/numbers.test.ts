import { describe, expect, test } from "vitest";
import type { InputDescription } from "#runtime/protocol/node-description";
import { evaluate, isSum } from "../../../renderer/widgets/arithmetic.ts";
import {
  clampNumber,
  formatNumber,
  groupDigits,
  levelOf,
} from "../../../renderer/widgets/number-value.ts";

describe("sums", () => {
  test.each([
    ["416*2", 832],
    ["1+2*3", 7],
    ["(1+2)*3", 9],
    ["-4", -4],
    ["2^3^2", 512],
    ["10/4", 2.5],
    ["1,5", 1.5],
    [" 8 - -2 ", 10],
    ["1e3", 1000],
    [".5", 0.5],
  ])("%s is %d", (text, value) => {
    expect(evaluate(text)).toBe(value);
  });

  test.each(["", "abc", "1+", "(1", "1)", "1/0", "2 3", "1..2", "alert(1)"])(
    "%s is none",
    (text) => {
      expect(evaluate(text)).toBe(null);
    },
  );

  test("a plain number is no sum", () => {
    expect(isSum("-12.5")).toBe(false);
    expect(isSum("12-5")).toBe(true);
  });
});

const input = (by: Partial<InputDescription>): InputDescription => ({
  name: "x",
  type: "FLOAT",
  kind: "float",
  optional: false,
  ...by,
});

test("numbers have as many decimals as their step, and more where they need them", () => {
  expect(formatNumber(0.2, input({ step: 0.01 }))).toBe("0.20");
  expect(formatNumber(6, input({ step: 0.1 }))).toBe("6.0");
  expect(formatNumber(0.125, input({ step: 0.01 }))).toBe("0.125");
  expect(formatNumber(30, input({ kind: "int" }))).toBe("30");
  expect(formatNumber(0.1 + 0.2, input({ step: 0.01 }))).toBe("0.30");
});

test("dragging stays within the limits and on whole numbers", () => {
  expect(clampNumber(7.6, input({ kind: "int", min: 1, max: 7 }))).toBe(7);
  expect(clampNumber(-3, input({ min: 0 }))).toBe(0);
  expect(clampNumber(0.30000000000000004, input({}))).toBe(0.3);
});

test("the fill shows the place in a useful range, and none where there is no such range", () => {
  expect(levelOf(0.2, input({ min: 0, max: 1 }))).toBe(0.2);
  expect(levelOf(0.8, input({ min: -100, max: 100, default: 1 }))).toBeCloseTo(0.4);
  expect(levelOf(30, input({ kind: "int", min: 1, max: 10_000 }))).toBe(null);
  expect(levelOf(5, input({}))).toBe(null);
});

test("digits stand in groups of three from the right", () => {
  expect(groupDigits("840113577204").split("\u2009")).toEqual(["840", "113", "577", "204"]);
  expect(groupDigits("7")).toBe("7");
  expect(groupDigits("1234").split("\u2009")).toEqual(["1", "234"]);
});
