import axe, { type AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { expect } from "vitest";

/** Fails with what axe finds serious or critical on the page, or in the part that the selector names. */
export async function expectAccessible(page: Page, selector = "body"): Promise<void> {
  // Into the page's own world as a value: its policy forbids scripts that are added to it.
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate(
    (part) => (globalThis as unknown as { axe: typeof axe }).axe.run(part),
    selector,
  )) as AxeResults;
  const serious = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => ({
      id,
      help,
      where: nodes.map(({ target }) => target.join(" ")),
    }));
  expect(serious).toEqual([]);
}
