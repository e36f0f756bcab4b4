/** The editor as a page of `umbel serve`, in a browser. */
import { readdirSync, readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { graphFile, LARGE, newHome, onEditor, screenshot, SMALL } from "./desktop-app.ts";
import { startBrowser, startServe } from "./web-browser.ts";

/** Opens a graph as a file that is dropped or chosen, and waits for its tab. */
async function openGraph(page: Page, path: string, title: string): Promise<void> {
  await onEditor(
    page,
    async (editor, file) => {
      const data = new TextEncoder().encode(file.text);
      const { document } = await editor.client.call("graph.open", { name: "graph.json", data });
      editor.documents.open(document, { title: file.title });
    },
    { text: readFileSync(path, "utf8"), title },
  );
  await page.getByRole("tab", { name: title }).waitFor();
}

const history = (page: Page) =>
  onEditor(page, (editor) => editor.client.call("history.list", { limit: 10 }));
const tabs = (page: Page) =>
  onEditor(page, (editor) =>
    Object.values(editor.documents.store.getState().open)
      .map(({ title }) => title)
      .toSorted(),
  );

test("a graph runs, its clip plays, a job is cancelled inside its step, and history remembers", async () => {
  const home = newHome();
  const [{ url, output }, browser] = await Promise.all([startServe(home), startBrowser(home)]);
  const page = await browser.open(url);
  expect(await page.evaluate(() => "umbelDesktop" in globalThis)).toBe(false);

  await openGraph(page, graphFile(home, "dawn.json", SMALL), "dawn");
  await page.keyboard.press("Control+Enter");
  await expect.poll(async () => (await history(page))[0]?.state, { timeout: 60_000 }).toBe("done");
  expect(readdirSync(output)).toContain("text-to-video_00001_.mp4");
  // The player has it and counts its frames.
  await page.getByText(/^frame \d of 5/).waitFor();
  const [done] = await history(page);
  const file = done!.results.find(({ kind }) => kind === "video")!;
  const source = await onEditor(page, (editor, of) => editor.client.mediaUrl(of), file);
  expect(source.startsWith(`${url}/view?`)).toBe(true);
  const clip = await page.evaluate(
    (address) =>
      new Promise((resolve, reject) => {
        const video = document.createElement("video");
        video.addEventListener("loadeddata", () =>
          resolve({ width: video.videoWidth, height: video.videoHeight, seconds: video.duration }),
        );
        video.addEventListener("error", () => reject(new Error(video.error?.message)));
        video.src = address;
      }),
    source,
  );
  expect(clip).toEqual({ width: 64, height: 64, seconds: expect.closeTo(5 / 16, 2) });
  await screenshot(page, "web-done");

  await openGraph(page, graphFile(home, "large.json", LARGE), "large");
  await page.keyboard.press("Control+Enter");
  await expect
    .poll(() => onEditor(page, (editor) => editor.runs.store.getState().current?.node ?? null), {
      timeout: 30_000,
    })
    .toBe("sampler");
  const asked = Date.now();
  await page.keyboard.press("Control+Alt+Enter");
  await expect
    .poll(async () => (await history(page))[0]?.state, { timeout: 30_000 })
    .toBe("cancelled");
  // A step of this size takes far longer.
  expect(Date.now() - asked).toBeLessThan(10_000);

  await page.getByRole("button", { name: "History" }).first().click();
  await page.locator("button.job", { hasText: "Stopped" }).waitFor();
  await page.locator("button.job", { hasText: "text-to-video_00001" }).click();
  await expect.poll(() => tabs(page)).toEqual(["dawn", "dawn", "large"]);
  await screenshot(page, "web-history");
  expect(browser.printed).toEqual([]);
});

test("two tabs keep their own graphs: loaded anew, closed, and after the server's end", async () => {
  const home = newHome();
  const [serve, browser] = await Promise.all([startServe(home), startBrowser(home)]);
  const small = graphFile(home, "small.json", SMALL);
  const first = await browser.open(serve.url);
  await openGraph(first, small, "one");
  const second = await browser.open(serve.url);
  await openGraph(second, small, "two");
  const own = async () => [await tabs(first), await tabs(second)];
  expect(await own()).toEqual([expect.arrayContaining(["one"]), expect.arrayContaining(["two"])]);
  expect(await tabs(first)).not.toContain("two");
  expect(await tabs(second)).not.toContain("one");
  const journaled = (page: Page) =>
    onEditor(page, async (editor) =>
      (await editor.client.call("journal.list", {})).map(({ title }) => title),
    );
  await expect.poll(() => journaled(second)).toEqual(expect.arrayContaining(["one", "two"]));

  await first.reload();
  await first.getByRole("tab", { name: "one" }).waitFor();
  expect(await tabs(first)).not.toContain("two");

  // A server that was killed and started again: both go on, and write what changed meanwhile.
  serve.child.kill("SIGKILL");
  await new Promise((done) => serve.child.once("exit", done));
  await onEditor(second, (editor) =>
    editor.documents.rename(editor.documents.active()!.id, "zwei"),
  );
  await startServe(home, Number(new URL(serve.url).port));
  await expect.poll(() => journaled(first), { timeout: 30_000 }).toContain("zwei");

  // What a closed tab leaves, the next one takes over, once.
  await second.close();
  const third = await browser.open(serve.url);
  await third.getByRole("tab", { name: "zwei" }).waitFor();
  expect(await tabs(third)).not.toContain("one");
  const fourth = await browser.open(serve.url);
  expect(await tabs(fourth)).not.toContain("zwei");
});
