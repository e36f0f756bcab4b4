import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { expectAccessible } from "./axe.ts";
import { graphFile, newHome, onEditor, screenshot, SMALL, startApp } from "./desktop-app.ts";

/** Runs as short as they come: a sweep has several. */
const TINY = { ...SMALL, "sampler.steps": 1, "latent.length": 1 };

const waiting = (page: Page) =>
  onEditor(page, (editor) =>
    editor.runs.store.getState().queue.waiting.map(({ job, title }) => ({ job, title })),
  );

const openPanel = (page: Page, name: string) =>
  page.getByRole("navigation").getByRole("button", { name }).click();

const titles = async (page: Page) => (await waiting(page)).map(({ title }) => title);

const ended = (page: Page) =>
  onEditor(page, (editor) => editor.client.call("history.list", { limit: 50 }));

/** Steps of the sampler in a waiting job's graph. */
const stepsOf = (page: Page, job: string) =>
  onEditor(
    page,
    async (editor, id) => {
      const document = await editor.client.call("queue.document", { job: id });
      return document.nodes["sampler"]?.values?.["steps"];
    },
    job,
  );

test("waiting jobs are put in order, changed, doubled and removed, and outlive a kill", async () => {
  const home = newHome();
  const files = ["one", "two"].map((name) => graphFile(home, `${name}.json`, TINY));
  const app = await startApp({ home, args: files });
  const { page } = app;
  await page.getByRole("tab", { name: "two" }).waitFor();
  await openPanel(page, "Queue");
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("Nothing starts until it goes on.").waitFor();

  await page.getByRole("button", { name: "More ways to run" }).click();
  await page.getByRole("spinbutton", { name: "Batch count" }).fill("2");
  await page.keyboard.press("Escape");
  await page.getByRole("tab", { name: "one" }).click();
  await page.keyboard.press("Control+Enter");
  await expect.poll(() => titles(page)).toEqual(["one", "one"]);
  await page.getByText("Queued, and the queue is paused").waitFor();
  await page.getByRole("tab", { name: "two" }).click();
  await page.getByRole("button", { name: "More ways to run" }).click();
  await page.getByRole("spinbutton", { name: "Batch count" }).fill("1");
  // From the field itself, too.
  await page.keyboard.press("Control+Enter");
  await expect.poll(() => titles(page)).toEqual(["one", "one", "two"]);

  const rows = page.getByRole("list", { name: "Waiting jobs" }).getByRole("listitem");
  // The batch's seeds are not the same.
  await rows.nth(2).focus();
  await page.keyboard.press("Alt+ArrowUp");
  await expect.poll(() => titles(page)).toEqual(["one", "two", "one"]);
  await rows.nth(1).dragTo(rows.nth(0));
  await expect.poll(() => titles(page)).toEqual(["two", "one", "one"]);
  await screenshot(page, "queue-waiting");

  // Two, as its graph is now.
  await onEditor(page, (editor) =>
    editor.documents.edit("Steps", (document) => ({
      ...document,
      nodes: {
        ...document.nodes,
        sampler: {
          ...document.nodes["sampler"]!,
          values: { ...document.nodes["sampler"]!.values, steps: 3 },
        },
      },
    })),
  );
  const [first] = await waiting(page);
  expect(await stepsOf(page, first!.job)).toBe(1);
  await rows.first().getByRole("button", { name: "More for two" }).click();
  await page.getByRole("menuitem", { name: "Put the graph in front in its place" }).click();
  await expect.poll(() => stepsOf(page, first!.job)).toBe(3);

  await rows.first().getByRole("button", { name: "More for two" }).click();
  await page.getByRole("menuitem", { name: "Duplicate" }).click();
  await expect.poll(() => titles(page)).toEqual(["two", "one", "one", "two"]);
  await rows.nth(1).focus();
  await page.keyboard.press("Delete");
  await expect.poll(() => titles(page)).toEqual(["two", "one", "two"]);
  const before = await waiting(page);
  await expectAccessible(page);
  await app.kill();

  const again = await startApp({ home });
  await expect.poll(() => waiting(again.page)).toEqual(before);
  await openPanel(again.page, "Queue");
  await again.page.getByRole("button", { name: "Go on" }).click();
  await expect
    .poll(async () => (await ended(again.page)).map(({ state }) => state), { timeout: 90_000 })
    .toEqual(["done", "done", "done"]);
  await again.kill();

  // The history has all of it after another kill, and gives a graph back.
  const { page: last } = await startApp({ home });
  await openPanel(last, "History");
  const panel = last.getByRole("complementary", { name: "history" });
  await expect.poll(() => panel.getByTitle("Restore its graph in a new tab").count()).toBe(3);
  await screenshot(last, "history");
  await panel.getByTitle("Restore its graph in a new tab").last().click();
  await expect
    .poll(() =>
      onEditor(
        last,
        (editor) => editor.documents.active()?.document.nodes["sampler"]?.values?.["steps"],
      ),
    )
    .toBe(3);
});

test("two values are swept; the labelled grid plays in step", async () => {
  const home = newHome();
  const file = graphFile(home, "dawn.json", { ...TINY, "latent.length": 5 });
  const { page } = await startApp({ home, args: [file] });
  await page.getByRole("tab", { name: "dawn" }).waitFor();
  await page.getByRole("button", { name: "More ways to run" }).click();
  await page.getByRole("menuitem", { name: "Sweep values" }).click();
  const dialog = page.getByRole("dialog", { name: "Sweep" });
  const choose = async (axis: string, value: RegExp, values: string) => {
    const group = dialog.getByRole("group", { name: axis });
    const select = group.getByRole("combobox");
    const label = await select.locator("option", { hasText: value }).first().textContent();
    await select.selectOption({ label: label! });
    await group.getByRole("textbox").fill(values);
  };
  await choose("Across", /steps/, "1 to 2 by 1");
  await dialog.getByRole("button", { name: "A second value" }).click();
  await choose("Down", /cfg/, "1, 3");
  await dialog.getByText(/^4 runs/).waitFor();
  await screenshot(page, "sweep-setup");
  await dialog.getByRole("button", { name: "Queue 4 runs" }).click();
  await dialog.getByText("4 of 4 runs, all playing in step").waitFor({ timeout: 90_000 });
  const cells = dialog.locator("button.sweep-cell");
  await expect.poll(() => cells.count()).toBe(4);
  expect(
    await cells.evaluateAll((all) => all.map((cell) => cell.getAttribute("aria-label"))),
  ).toEqual([/1.*1/, /2.*1/, /1.*3/, /2.*3/].map((words) => expect.stringMatching(words)));
  await cells.nth(0).click();
  await cells.nth(3).click({ modifiers: ["Shift"] });
  await expect.poll(() => cells.nth(3).getAttribute("aria-label")).toMatch(/shown as B/);
  await screenshot(page, "sweep-grid");
  await expectAccessible(page, "[role=dialog]");
});
