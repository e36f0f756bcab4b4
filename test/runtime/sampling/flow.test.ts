import { expect, test } from "vitest";
import { flowTable, percentToSigma, shiftTime } from "#runtime/sampling/flow";

test("the table rises from the shifted thousandth to 1", () => {
  const table = flowTable({ shift: 8, timestepFactor: 1000 });
  expect(table).toHaveLength(1000);
  expect(table[0]).toBeCloseTo(0.008 / 1.007, 8);
  expect(table[499]).toBeCloseTo(4 / 4.5, 7);
  expect(table[999]).toBe(1);
});

test("a shift of 1 changes nothing", () => {
  expect(shiftTime(1, 0.3)).toBe(0.3);
  expect(flowTable({ shift: 1, timestepFactor: 1 })[249]).toBe(0.25);
});

test("percent counts from noise to clean", () => {
  const flow = { shift: 5, timestepFactor: 1000 };
  expect(percentToSigma(flow, 0)).toBe(1);
  expect(percentToSigma(flow, 1)).toBe(0);
  expect(percentToSigma(flow, 0.5)).toBeCloseTo(2.5 / 3, 12);
  expect(percentToSigma({ ...flow, shift: 1 }, 0.25)).toBe(0.75);
});
