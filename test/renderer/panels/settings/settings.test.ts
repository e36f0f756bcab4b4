import { expect, test } from "vitest";
import { findSettings } from "../../../../renderer/panels/settings/find-settings.ts";
import { budgetText, parseBudget } from "../../../../renderer/panels/settings/memory-budget.ts";

test("a budget is written in gigabytes, or not at all", () => {
  expect(parseBudget("24")).toBe(24e9);
  expect(parseBudget(" 7,5 GB ")).toBe(7.5e9);
  expect(parseBudget("")).toBeNull();
  expect([null, 24e9, 7.5e9].map(budgetText)).toEqual(["", "24", "7.5"]);
});

test.each(["much", "-1", "0", "1e9"])("refuses the budget %s", (text) => {
  expect(() => parseBudget(text)).toThrow(/^Expected 0\.1 to 10,000 GB, got /);
});

test("settings are found by title and words", () => {
  const rows = [
    { title: "Theme", words: "Dark or light." },
    { title: "Snap to grid", words: "Nodes settle on the dots." },
  ];
  expect(findSettings(rows, "dark THEME")).toEqual([rows[0]]);
  expect(findSettings(rows, "nodes")).toEqual([rows[1]]);
  expect(findSettings(rows, "  ")).toEqual(rows);
});
