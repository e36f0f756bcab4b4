/** Editing on the canvas by keys and menus, each seen in the document and on the screen. */
import { expect, test } from "vitest";
import { onEditor, screenshot } from "./desktop-app.ts";
import {
  atRest,
  boxOf,
  drag,
  graph,
  ground,
  headerOf,
  openGraph,
  selected,
  undo,
} from "./canvas-page.ts";
import type { Page } from "playwright-core";

const choose = (page: Page, ...nodes: string[]) =>
  onEditor(page, (editor, ids) => editor.selection.set({ nodes: ids }), nodes);

test("states, titles and groups: each is one step of undo, and a group carries what it holds", async () => {
  const { app, page } = await openGraph();
  const before = await graph(page);
  await choose(page, "negative");
  await page.keyboard.press("Control+m");
  expect((await graph(page)).nodes["negative"]!.state).toBe("muted");
  await page.keyboard.press("Control+b");
  expect((await graph(page)).nodes["negative"]!.state).toBe("bypassed");
  await page.keyboard.press("Alt+c");
  expect((await graph(page)).nodes["negative"]!.collapsed).toBe(true);
  await page.keyboard.press("p");
  expect((await graph(page)).nodes["negative"]!.pinned).toBe(true);
  const header = await headerOf(page, "negative");
  await drag(page, header, { x: header.x + 50, y: header.y + 50 });
  expect((await graph(page)).nodes["negative"]!.at).toEqual(before.nodes["negative"]!.at);
  await page.keyboard.press("F2");
  await page.keyboard.type("Not this");
  await page.keyboard.press("Enter");
  expect((await graph(page)).nodes["negative"]!.title).toBe("Not this");
  await screenshot(page, "canvas-states");
  for (let i = 0; i < 5; i++) await page.keyboard.press("Control+z");
  expect(await graph(page)).toEqual(before);

  await choose(page, "decode", "video");
  await page.keyboard.press("Control+g");
  await page.keyboard.type("Out");
  await page.keyboard.press("Enter");
  const grouped = await graph(page);
  expect(grouped.groups).toMatchObject([{ title: "Out" }]);
  await screenshot(page, "canvas-group");
  const title = await boxOf(page, ".group-title");
  const from = { x: title.x + 30, y: title.y + 12 };
  await onEditor(page, (editor) => editor.selection.set());
  await drag(page, from, { x: from.x + 10, y: from.y + 150 });
  const moved = await graph(page);
  const by = (id: string) =>
    [0, 1].map((i) => moved.nodes[id]!.at![i]! - grouped.nodes[id]!.at![i]!);
  expect(by("decode")).toEqual(by("video"));
  expect(by("decode")[1]).toBeGreaterThan(100);
  expect(by("save")).toEqual([0, 0]);
  await app.close();
});

test("arranging: align, distribute and tidy move nodes in one step, and snapping keeps to the grid", async () => {
  const { app, page } = await openGraph();
  await choose(page, "model", "text_encoder", "positive");
  await page.keyboard.press("Alt+a");
  const aligned = await graph(page);
  expect(aligned.nodes["positive"]!.at![0]).toBe(aligned.nodes["model"]!.at![0]);
  await undo(page);
  await onEditor(page, (editor) =>
    editor.documents.edit("Heap", (document) => ({
      ...document,
      nodes: Object.fromEntries(
        Object.entries(document.nodes).map(([id, node], i) => [
          id,
          { ...node, at: [(i % 3) * 40, i * 20] },
        ]),
      ),
    })),
  );
  await screenshot(page, "canvas-heap");
  await page.keyboard.press("Control+Shift+P");
  await page.keyboard.type("tidy");
  await page.keyboard.press("Enter");
  await expect
    .poll(() => onEditor(page, (e) => e.documents.active()!.history.undo.at(-1)?.label), {
      timeout: 20_000,
    })
    .toBe("Tidy layout");
  await page.keyboard.press(".");
  await atRest(page);
  await screenshot(page, "canvas-tidy");
  const tidy = await graph(page);
  const x = (id: string) => tidy.nodes[id]!.at![0]!;
  expect(x("model")).toBeLessThan(x("shift"));
  expect(x("shift")).toBeLessThan(x("sampler"));
  expect(x("sampler")).toBeLessThan(x("decode"));
  await onEditor(page, (editor) => editor.settings.set({ snapToGrid: true }));
  const header = await headerOf(page, "model");
  await drag(page, header, { x: header.x + 33, y: header.y + 41 });
  const { at } = (await graph(page)).nodes["model"]!;
  expect(at).not.toEqual(tidy.nodes["model"]!.at);
  expect([at![0]! % 8, at![1]! % 8].map(Math.abs)).toEqual([0, 0]);
  await app.close();
});

test("copies go through the clipboard as JSON, with links where they are asked for, and come from other windows", async () => {
  const { app, page } = await openGraph();
  const before = await graph(page);
  await choose(page, "positive", "sampler");
  await page.keyboard.press("Control+c");
  await expect
    .poll(() => app.electron.evaluate(({ clipboard }) => clipboard.readText()))
    .toContain('"KSampler"');
  await page.keyboard.press("Control+v");
  await expect
    .poll(async () => Object.keys((await graph(page)).nodes).length, { timeout: 10_000 })
    .toBe(13);
  const pasted = await graph(page);
  expect(pasted.links).toHaveLength(before.links.length + 1);
  await undo(page);
  await page.keyboard.press("Control+Shift+v");
  await expect
    .poll(async () => Object.keys((await graph(page)).nodes).length, { timeout: 10_000 })
    .toBe(13);
  expect((await graph(page)).links.length).toBeGreaterThan(before.links.length + 3);
  await undo(page);

  // What another window or another program put there, not what this window remembers.
  await app.electron.evaluate(
    ({ clipboard }, text) => clipboard.writeText(text),
    JSON.stringify({ umbel: 1, nodes: { guest: { type: "VAEDecode", values: {} } }, links: [] }),
  );
  await page.keyboard.press("Control+v");
  await expect
    .poll(async () => Object.keys((await graph(page)).nodes), { timeout: 10_000 })
    .toContain("guest");
  await app.close();
});

test("a subgraph is made, entered, given a promoted field, left, kept as a block and unpacked", async () => {
  const { app, page } = await openGraph();
  const before = await graph(page);
  await choose(page, "decode", "video");
  await page.keyboard.press("Control+Shift+e");
  await page.keyboard.type("Make a clip");
  await page.keyboard.press("Enter");
  const [made] = await selected(page);
  expect((await graph(page)).nodes[made!]!.type).toMatch(/^subgraph:/);
  await page.keyboard.press("Control+ArrowDown");
  await page.locator(".breadcrumb").waitFor();
  await page.locator('[data-node="video"] [data-field="fps"]').waitFor();
  await page.waitForTimeout(400);
  await screenshot(page, "canvas-subgraph");
  await page.locator('[data-node="video"] [data-field="fps"]').click({ button: "right" });
  await page.getByRole("menuitem", { name: "Show on the subgraph's node" }).click();
  await page.locator(".breadcrumb button").first().click();
  await page.locator(`[data-node="${made}"] .field`).first().waitFor();
  await screenshot(page, "canvas-promoted");
  expect(await page.locator(`[data-node="${made}"]`).textContent()).toContain("fps");
  await choose(page, made!);
  await page.keyboard.press("Control+Shift+P");
  await page.keyboard.type("save the subgraph");
  await page.keyboard.press("Enter");
  const free = await ground(page);
  await page.mouse.dblclick(free.x, free.y);
  await page.getByRole("dialog", { name: "Add a node" }).waitFor();
  await page.keyboard.type("make a clip");
  await page.getByText("saved block").first().waitFor();
  await screenshot(page, "canvas-block");
  await page.keyboard.press("Escape");
  await choose(page, made!);
  await page.keyboard.press("Control+Shift+P");
  await page.keyboard.type("unpack");
  await page.keyboard.press("Enter");
  await expect
    .poll(async () => Object.keys((await graph(page)).nodes).length, { timeout: 10_000 })
    .toBe(11);
  expect((await graph(page)).links).toHaveLength(before.links.length);
  await app.close();
});

test("find jumps to a node, notes are Markdown without HTML, and keys can be changed in their list", async () => {
  const { app, page } = await openGraph();
  await page.keyboard.press("Control+f");
  await page.getByRole("dialog", { name: "Find in the graph" }).waitFor();
  await page.keyboard.type("negative");
  await screenshot(page, "canvas-find");
  await page.keyboard.press("Enter");
  expect(await selected(page)).toEqual(["negative"]);
  await page.keyboard.press("Escape");

  await onEditor(page, (editor) =>
    editor.documents.edit("Note", (document) => ({
      ...document,
      nodes: {
        ...document.nodes,
        note: {
          type: "MarkdownNote",
          values: { text: "# Plan\n\n- **one**\n- <img src=x onerror=alert(1)>" },
          at: [600, 600],
          size: [224, 120],
        },
      },
    })),
  );
  await page.keyboard.press(".");
  const note = page.locator('[data-node="note"]');
  await note.locator("strong").waitFor();
  expect(await note.locator("img").count()).toBe(0);
  await page.waitForTimeout(400);
  await screenshot(page, "canvas-note");

  await page.keyboard.press("Shift+?");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.type("mute");
  await screenshot(page, "canvas-keys");
  await page.getByRole("dialog").locator(".key-button").first().click();
  await page.keyboard.press("Control+k");
  await expect
    .poll(() => onEditor(page, (editor) => Object.keys(editor.settings.store.getState().keys)))
    .toEqual(["edit.mute"]);
  await page.keyboard.press("Escape");
  await choose(page, "negative");
  await page.keyboard.press("Control+k");
  expect((await graph(page)).nodes["negative"]!.state).toBe("muted");
  await app.close();
});
