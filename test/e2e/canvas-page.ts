/** The canvas of the app as tests reach it: places of nodes and sockets on the screen, and the graph behind them. */
import type { Page } from "playwright-core";
import { expect } from "vitest";
import type { GraphDocument } from "#runtime/graph/document";
import { graphFile, newHome, onEditor, startApp } from "./desktop-app.ts";

export interface Place {
  readonly x: number;
  readonly y: number;
}

export const graph = (page: Page): Promise<GraphDocument> =>
  onEditor(page, (editor) => editor.documents.active()!.document);

export const selected = (page: Page): Promise<string[]> =>
  onEditor(page, (editor) => [...editor.selection.store.getState().nodes]);

export const undo = (page: Page) => onEditor(page, (editor) => editor.documents.undo());

export async function boxOf(page: Page, selector: string) {
  const box = await page.locator(selector).first().boundingBox();
  if (box === null) throw new Error(`Expected ${selector} on the page, got nothing.`);
  return box;
}

export const headerOf = async (page: Page, node: string): Promise<Place> => {
  const box = await boxOf(page, `[data-node="${node}"]`);
  return { x: box.x + box.width / 2, y: box.y + 12 };
};

export const socketOf = async (page: Page, node: string, name: string, side: "in" | "out") => {
  const box = await boxOf(page, `[data-node="${node}"] .socket.${side}[data-socket="${name}"]`);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
};

export async function drag(page: Page, from: Place, to: Place, steps = 8): Promise<void> {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps });
  await page.mouse.up();
}

/** A place on the ground with nothing near it. */
export async function ground(page: Page): Promise<Place> {
  const found = await page.evaluate(() => {
    const box = document.querySelector(".canvas")!.getBoundingClientRect();
    for (let y = box.bottom - 60; y > box.top + 40; y -= 20)
      for (let x = box.left + 260; x < box.right - 260; x += 20) {
        const spots = [-16, 0, 16].flatMap((dx) =>
          [-16, 0, 16].map((dy) => document.elementFromPoint(x + dx, y + dy)),
        );
        if (spots.every((spot) => spot?.classList.contains("react-flow__pane"))) return { x, y };
      }
    return null;
  });
  if (found === null) throw new Error("Expected free ground, got none.");
  return found;
}

/** Resolves when the view and what is in it have come to rest. */
export async function atRest(page: Page): Promise<void> {
  let last = "";
  await expect
    .poll(
      async () => {
        const before = last;
        last = JSON.stringify(await boxOf(page, '[data-node="sampler"]'));
        return last === before;
      },
      { interval: 200, timeout: 20_000 },
    )
    .toBe(true);
}

/** The app with the demo graph open and at rest. */
export async function openGraph() {
  const home = newHome();
  const app = await startApp({ home, args: [graphFile(home, "graph.json")] });
  const { page } = app;
  await page.getByRole("tab", { name: "graph" }).waitFor();
  await page.locator('[data-node="sampler"] .field').first().waitFor();
  await atRest(page);
  return { app, page };
}
