import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { Editor } from "../../renderer/stores/editor.ts";
import { answerDialogs } from "./dialogs.ts";
import {
  graphFile,
  newHome,
  onEditor,
  ready,
  results,
  screenshot,
  SMALL,
  startApp,
} from "./desktop-app.ts";

/** Changes the prompt of the graph in front, as typing into its field does. */
const retype = (page: Page, text: string) =>
  onEditor(
    page,
    (editor, value) =>
      editor.documents.edit("Change the prompt", (document) => ({
        ...document,
        nodes: {
          ...document.nodes,
          positive: { ...document.nodes["positive"]!, values: { text: value } },
        },
      })),
    text,
  );

const prompt = (page: Page) =>
  onEditor(
    page,
    (editor) => editor.documents.active()?.document.nodes["positive"]?.values?.["text"] ?? null,
  );

const tabs = (page: Page) =>
  onEditor(page, (editor) =>
    Object.values(editor.documents.store.getState().open).map(({ title }) => title),
  );

test("a graph is saved under a name, changed, saved again and opened as it was", async () => {
  const home = newHome();
  const app = await startApp({ home, args: [graphFile(home, "dawn.json", SMALL)] });
  const { page } = app;
  await page.getByRole("tab", { name: "dawn" }).waitFor();
  const target = join(home, "copy.json");
  await answerDialogs(app, target);
  await page.keyboard.press("Control+Shift+S");
  await page.getByRole("tab", { name: "copy" }).waitFor();
  const first = readFileSync(target, "utf8");

  await retype(page, "A small blue square");
  await page.getByRole("tab", { name: "copy, not saved" }).waitFor();
  await page.keyboard.press("Control+S");
  await page.getByRole("tab", { name: "copy", exact: true }).waitFor();
  const second = readFileSync(target, "utf8");
  // A change of one value is a change of one line.
  const lines = first.split("\n");
  const changed = second.split("\n").filter((line, i) => line !== lines[i]);
  expect(changed).toEqual([expect.stringContaining("A small blue square")]);

  await page.keyboard.press("Control+W");
  await expect.poll(() => tabs(page)).not.toContain("copy");
  await page.keyboard.press("Control+O");
  await page.getByRole("tab", { name: "copy", exact: true }).waitFor();
  expect(await prompt(page)).toBe("A small blue square");
});

test("a file that another program writes is not written over without a question", async () => {
  const home = newHome();
  const file = graphFile(home, "dawn.json", SMALL);
  const app = await startApp({ home, args: [file] });
  const { page } = app;
  await page.getByRole("tab", { name: "dawn" }).waitFor();
  await retype(page, "Mine");
  const theirs = readFileSync(file, "utf8").replace("A large red circle", "Theirs");
  writeFileSync(file, theirs);
  await page.getByText("Another program has written this file.").waitFor();
  await screenshot(page, "file-changed");
  await page.keyboard.press("Control+S");
  await page.getByText("dawn.json was not saved").first().waitFor();
  expect(readFileSync(file, "utf8")).toBe(theirs);

  await page.getByRole("button", { name: "Load it" }).click();
  await expect.poll(() => prompt(page)).toMatch(/^Theirs/);
  await page.keyboard.press("Control+Z");
  await expect.poll(() => prompt(page)).toBe("Mine");
});

test("two windows on one file know of each other", async () => {
  const home = newHome();
  const file = graphFile(home, "dawn.json", SMALL);
  const app = await startApp({ home, args: [file] });
  const { page } = app;
  await page.getByRole("tab", { name: "dawn" }).waitFor();
  const opened = app.electron.waitForEvent("window");
  await onEditor(page, (editor) => editor.shell.newWindow());
  const second = await opened;
  await ready(second);
  // The first window's graphs are not taken over by the second.
  expect(await tabs(second)).not.toContain("dawn");
  await onEditor(
    second,
    async (editor, path) => {
      const { name, data, version } = await editor.shell.read(path);
      const { document } = await editor.client.call("graph.open", { name, data });
      editor.fileLinks.opened(path, version);
      editor.documents.open(document, { title: "dawn", path });
    },
    file,
  );
  const note = "Also open in another window.";
  await second.getByText(note).waitFor();
  await page.getByText(note).waitFor();
  await screenshot(second, "file-shared");
  await second.close();
  await page.getByText(note).waitFor({ state: "detached" });
});

test("a clip that is dropped on the window opens the graph inside it", async () => {
  const home = newHome();
  const app = await startApp({ home, args: [graphFile(home, "dawn.json", SMALL)] });
  const { page } = app;
  await page.getByRole("tab", { name: "dawn" }).waitFor();
  await page.keyboard.press("Control+Enter");
  await expect.poll(() => results(app), { timeout: 60_000 }).toEqual(["text-to-video_00001_.mp4"]);
  await page.evaluate(async (name) => {
    const { umbel } = globalThis as unknown as { umbel: { editor: Editor } };
    const url = umbel.editor.client.mediaUrl({ place: "output", path: name });
    const file = new File([await (await fetch(url)).blob()], name, { type: "video/mp4" });
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(file);
    for (const type of ["dragover", "drop"])
      document.body.dispatchEvent(
        new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }),
      );
  }, results(app)[0]!);
  await page.getByRole("tab", { name: "text-to-video_00001_" }).waitFor();
  expect(await prompt(page)).toMatch(/^A large red circle/);
});

test("killed while editing: the graph comes back as it was a moment before", async () => {
  const home = newHome();
  const file = graphFile(home, "dawn.json", SMALL);
  const app = await startApp({ home, args: [file] });
  await app.page.getByRole("tab", { name: "dawn" }).waitFor();
  for (let i = 0; i < 20; i++) {
    await retype(app.page, `Edit ${i}`);
    await app.page.waitForTimeout(50);
  }
  await app.page.waitForTimeout(1000);
  await retype(app.page, "The last second may be lost");
  await app.kill();

  const again = await startApp({ home });
  await again.page.getByRole("tab", { name: "dawn, not saved" }).waitFor();
  expect(["Edit 19", "The last second may be lost"]).toContain(await prompt(again.page));
  await again.page.getByText("Restored 1 graph").first().waitFor();
  await screenshot(again.page, "recovered");
  // The file itself is as it was saved.
  expect(readFileSync(file, "utf8")).toContain("A large red circle");
  await again.page.keyboard.press("Control+S");
  await again.page.getByRole("tab", { name: "dawn", exact: true }).waitFor();
  expect(readFileSync(file, "utf8")).not.toContain("A large red circle");
});

test("a second start gives its file to the app that runs", async () => {
  const home = newHome();
  const app = await startApp({ home });
  const file = graphFile(home, "later.json", SMALL);
  await app.electron.evaluate(({ app: electron }, path) => {
    electron.emit("second-instance", {}, [], "", { files: [path] });
  }, file);
  await app.page.getByRole("tab", { name: "later" }).waitFor();
});
