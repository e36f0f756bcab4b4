/** The canvas by mouse and keys: what people do with nodes and wires, each seen in the document. */
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
  socketOf,
  undo,
} from "./canvas-page.ts";

test("nodes are chosen, dragged, copied by Alt-drag, and a drag that Escape ends leaves no trace", async () => {
  const { app, page } = await openGraph();
  const before = await graph(page);
  const header = await headerOf(page, "sampler");
  await page.mouse.click(header.x, header.y);
  expect(await selected(page)).toEqual(["sampler"]);
  await page.keyboard.down("Shift");
  const second = await headerOf(page, "decode");
  await page.mouse.click(second.x, second.y);
  await page.keyboard.up("Shift");
  expect(await selected(page)).toEqual(["sampler", "decode"]);

  await drag(page, header, { x: header.x + 40, y: header.y + 64 });
  const moved = await graph(page);
  const by = (id: string) =>
    [0, 1].map((i) => moved.nodes[id]!.at![i]! - before.nodes[id]!.at![i]!);
  expect(by("sampler")).toEqual(by("decode"));
  expect(by("sampler")[1]).toBeGreaterThan(20);
  expect(by("model")).toEqual([0, 0]);
  const shown = await headerOf(page, "sampler");
  expect(Math.abs(shown.y - header.y - 64)).toBeLessThan(12);
  expect(await undo(page)).toBe("Move 2 things");
  expect(await graph(page)).toEqual(before);

  await page.mouse.move(header.x, header.y);
  await page.mouse.down();
  await page.mouse.move(header.x + 60, header.y + 60, { steps: 4 });
  await page.keyboard.press("Escape");
  await page.mouse.up();
  expect(await graph(page)).toEqual(before);
  expect(await headerOf(page, "sampler")).toEqual(header);

  await onEditor(page, (editor) => editor.selection.set());
  await page.keyboard.down("Alt");
  await drag(page, second, { x: second.x + 30, y: second.y + 120 });
  await page.keyboard.up("Alt");
  const copied = await graph(page);
  expect(Object.keys(copied.nodes)).toHaveLength(Object.keys(before.nodes).length + 1);
  expect(copied.nodes["decode"]).toEqual(before.nodes["decode"]);
  expect(await headerOf(page, "decode")).toEqual(second);
  await app.close();
});

test("a box takes what it touches or only what lies in it whole, a lasso what it goes around", async () => {
  const { app, page } = await openGraph();
  const node = await boxOf(page, '[data-node="decode"]');
  const from = await ground(page);
  const over = { x: node.x + node.width / 2, y: node.y + node.height / 2 };
  await page.keyboard.down("Shift");
  await drag(page, from, over);
  await page.keyboard.up("Shift");
  expect(await selected(page)).toContain("decode");
  await onEditor(page, (editor) => editor.settings.set({ boxSelects: "whole" }));
  await page.keyboard.down("Shift");
  await drag(page, from, over);
  await page.keyboard.up("Shift");
  expect(await selected(page)).not.toContain("decode");

  await onEditor(page, (editor) =>
    editor.settings.set({ groundDrag: "select", boxSelects: "touched" }),
  );
  const view = await page.locator(".react-flow__viewport").getAttribute("style");
  await drag(page, from, over);
  expect(await selected(page)).toContain("decode");
  expect(await page.locator(".react-flow__viewport").getAttribute("style")).toBe(view);
  await page.mouse.click(from.x, from.y);
  expect(await selected(page)).toEqual([]);
  await onEditor(page, (editor) => editor.settings.set({ groundDrag: "pan" }));
  await drag(page, from, { x: from.x + 30, y: from.y });
  expect(await page.locator(".react-flow__viewport").getAttribute("style")).not.toBe(view);

  await page.keyboard.press(".");
  await page.waitForTimeout(500);
  const round = await boxOf(page, '[data-node="decode"]');
  await page.keyboard.down("Alt");
  await page.keyboard.down("Shift");
  await page.locator(".lasso").waitFor();
  await page.mouse.move(round.x - 10, round.y - 10);
  await page.mouse.down();
  for (const [x, y] of [
    [round.x + round.width + 10, round.y - 10],
    [round.x + round.width + 10, round.y + round.height + 10],
    [round.x - 10, round.y + round.height + 10],
  ] as const)
    await page.mouse.move(x, y, { steps: 3 });
  await page.mouse.up();
  await page.keyboard.up("Shift");
  await page.keyboard.up("Alt");
  expect(await selected(page)).toEqual(["decode"]);
  await app.close();
});

test("wires: dropped on the ground they open a search, refused they say why, rerouted they run through a point", async () => {
  const { app, page } = await openGraph();
  const free = await ground(page);
  await drag(page, await socketOf(page, "sampler", "LATENT", "out"), free);
  await page.getByRole("dialog").waitFor();
  await screenshot(page, "canvas-search");
  await page.keyboard.type("save latent");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });

  const before = await graph(page);
  await drag(
    page,
    await socketOf(page, "vae", "VAE", "out"),
    await socketOf(page, "sampler", "model", "in"),
  );
  await page.locator(".refusal").waitFor();
  expect(await page.locator(".refusal").textContent()).toContain("Does not fit.");
  await screenshot(page, "canvas-refused");
  await page.keyboard.press("Escape");
  expect(await graph(page)).toEqual(before);

  const spot = await page.evaluate(() => {
    for (const path of document.querySelectorAll<SVGPathElement>(".wire-hit")) {
      const matrix = path.getScreenCTM()!;
      const point = path.getPointAtLength(path.getTotalLength() / 2).matrixTransform(matrix);
      if (document.elementFromPoint(point.x, point.y) === path) return { x: point.x, y: point.y };
    }
    return null;
  });
  await page.keyboard.down("Alt");
  await page.mouse.click(spot!.x, spot!.y);
  await page.keyboard.up("Alt");
  expect((await graph(page)).links.some(({ via }) => via?.length === 1)).toBe(true);
  await drag(page, spot!, { x: spot!.x + 12, y: spot!.y + 40 });
  const via = (await graph(page)).links.find((link) => link.via !== undefined)!.via!;
  expect(via).toHaveLength(1);
  await screenshot(page, "canvas-reroute");
  await app.close();
});

test("Shift takes all links of an output to another, a class is replaced with its links, an unknown one mended", async () => {
  const { app, page } = await openGraph();
  await onEditor(page, (editor) =>
    editor.documents.edit("Add", (document) => ({
      ...document,
      nodes: {
        ...document.nodes,
        other: { type: "CLIPLoader", values: {}, at: [0, 640] },
        odd: { type: "KSamplr", values: { steps: 3 }, at: [760, 480] },
      },
      links: [...document.links, { from: ["shift", "MODEL"], to: ["odd", "model"] }],
    })),
  );
  await page.keyboard.press(".");
  await atRest(page);
  await page.keyboard.down("Shift");
  await drag(
    page,
    await socketOf(page, "text_encoder", "CLIP", "out"),
    await socketOf(page, "other", "CLIP", "out"),
  );
  await page.keyboard.up("Shift");
  const sources = (await graph(page)).links.flatMap(({ from, to }) =>
    to[1] === "clip" ? [from[0]] : [],
  );
  expect(sources).toEqual(["other", "other"]);
  expect(await undo(page)).toBe("Move 2 links");

  // On the ground they wait for the node that gives both of them something.
  const links = (await graph(page)).links;
  await page.keyboard.down("Shift");
  await drag(page, await socketOf(page, "text_encoder", "CLIP", "out"), await ground(page));
  await page.keyboard.up("Shift");
  const search = page.getByRole("dialog", { name: "Add a node" });
  await search.getByText("gives CLIP to 2 inputs").waitFor();
  await screenshot(page, "canvas-search-bundle");
  await page.keyboard.press("Escape");
  await search.waitFor({ state: "detached" });
  expect((await graph(page)).links).toEqual(links);
  await page.keyboard.down("Shift");
  await drag(page, await socketOf(page, "text_encoder", "CLIP", "out"), await ground(page));
  await page.keyboard.up("Shift");
  await search.waitFor();
  await page.keyboard.type("CLIPLoader");
  await page.keyboard.press("Enter");
  await search.waitFor({ state: "detached" });
  const [added] = await selected(page);
  const fed = (await graph(page)).links.filter(({ to }) => to[1] === "clip");
  expect(fed.map(({ from }) => from)).toEqual([
    [added, "CLIP"],
    [added, "CLIP"],
  ]);
  expect((await graph(page)).links).toHaveLength(links.length);
  await undo(page);
  expect((await graph(page)).links).toEqual(links);

  const odd = page.locator('[data-node="odd"]');
  await odd.getByText("Not installed here.").waitFor();
  await screenshot(page, "canvas-missing");
  await odd.getByRole("button", { name: "Use Sampler" }).click();
  const mended = await graph(page);
  expect(mended.nodes["odd"]).toMatchObject({ type: "KSampler", values: { steps: 3 } });
  expect(mended.links.filter(({ to }) => to[0] === "odd")).toHaveLength(1);

  const header = await headerOf(page, "sampler");
  await page.mouse.click(header.x, header.y, { button: "right" });
  await page.getByRole("menuitem", { name: "Replace with" }).hover();
  await page.getByRole("menuitem", { name: "Another class" }).waitFor();
  await screenshot(page, "canvas-replace");
  await page.getByRole("menuitem", { name: "Another class" }).click();
  await page.getByRole("dialog", { name: "Replace with" }).waitFor();
  await page.keyboard.type("part of a run");
  await page.keyboard.press("Enter");
  const replaced = await graph(page);
  expect(replaced.nodes["sampler"]).toMatchObject({
    type: "KSamplerAdvanced",
    values: { steps: 30, cfg: 5 },
  });
  expect(replaced.links.filter(({ to }) => to[0] === "sampler")).toHaveLength(4);
  expect(replaced.links.filter(({ from }) => from[0] === "sampler")).toHaveLength(1);
  await app.close();
});
