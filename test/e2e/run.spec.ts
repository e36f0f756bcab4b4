import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  graphFile,
  LARGE,
  newHome,
  onEditor,
  processOf,
  results,
  screenshot,
  SMALL,
  startApp,
  type DesktopApp,
} from "./desktop-app.ts";
import { kill } from "./processes.ts";

/** Ended jobs as the service tells them, newest first. */
const history = (app: DesktopApp) =>
  onEditor(app.page, (editor) => editor.client.call("history.list", { limit: 10 }));

const queue = (app: DesktopApp) =>
  onEditor(app.page, (editor) => editor.runs.store.getState().queue);

/** Resolves when the sampler is inside a step. */
async function sampling(app: DesktopApp): Promise<void> {
  await expect
    .poll(
      () => onEditor(app.page, (editor) => editor.runs.store.getState().current?.node ?? null),
      { timeout: 30_000 },
    )
    .toBe("sampler");
}

test("the demo graph runs with the bundled model: its clip is there, plays and is remembered", async () => {
  const home = newHome();
  const app = await startApp({ home, args: [graphFile(home, "dawn.json", SMALL)] });
  const { page } = app;
  await page.getByRole("tab", { name: "dawn" }).waitFor();
  await page.keyboard.press("Control+Enter");
  await expect.poll(() => results(app), { timeout: 60_000 }).toEqual(["text-to-video_00001_.mp4"]);
  await expect.poll(async () => (await history(app))[0]?.state, { timeout: 20_000 }).toBe("done");

  const [job] = await history(app);
  const file = job!.results.find(({ kind }) => kind === "video")!;
  const url = await onEditor(page, (editor, of) => editor.client.mediaUrl(of), file);
  const clip = await page.evaluate(
    (source) =>
      new Promise((resolve, reject) => {
        const video = document.createElement("video");
        video.addEventListener("loadeddata", () =>
          resolve({ width: video.videoWidth, height: video.videoHeight, seconds: video.duration }),
        );
        video.addEventListener("error", () => reject(new Error(video.error?.message)));
        video.src = source;
      }),
    url,
  );
  expect(clip).toEqual({ width: 64, height: 64, seconds: expect.closeTo(5 / 16, 2) });
  await screenshot(page, "run-done");
});

test("a job is cancelled inside its step, and the next one runs", async () => {
  const home = newHome();
  const app = await startApp({ home, args: [graphFile(home, "large.json", LARGE)] });
  await app.page.getByRole("tab", { name: "large" }).waitFor();
  await app.page.keyboard.press("Control+Enter");
  await sampling(app);
  await screenshot(app.page, "run-sampling");
  const asked = Date.now();
  await app.page.keyboard.press("Control+Alt+Enter");
  await expect
    .poll(async () => (await history(app))[0]?.state, { timeout: 30_000 })
    .toBe("cancelled");
  // A step of this size takes far longer.
  expect(Date.now() - asked).toBeLessThan(5000);
});

test("an engine that is killed fails its job in words; the window stays and the next job runs", async () => {
  const home = newHome();
  const large = graphFile(home, "large.json", LARGE);
  const small = graphFile(home, "small.json", SMALL);
  const app = await startApp({ home, args: [large] });
  const { page } = app;
  await page.getByRole("tab", { name: "large" }).waitFor();
  await page.keyboard.press("Control+Enter");
  await sampling(app);
  // A job whose engine dies is tried once more; then it fails.
  let engine: number | null = null;
  for (let attempt = 1; attempt <= 2; attempt++) {
    await expect
      .poll(
        async () =>
          (await queue(app)).running[0]?.attempts === attempt && (await processOf(app, "engine")),
        { timeout: 30_000 },
      )
      .toSatisfy((pid) => typeof pid === "number" && pid !== engine);
    engine = await processOf(app, "engine");
    kill(engine!);
  }
  await expect.poll(async () => (await history(app))[0]?.state, { timeout: 30_000 }).toBe("failed");
  const [failed] = await history(app);
  expect(failed!.error).toMatchObject({
    code: "ERR_ENGINE_GONE",
    message: expect.stringMatching(/^Expected the engine process to finish the job, but /),
  });
  await page.getByText("Expected the engine process to finish the job").first().waitFor();
  await screenshot(page, "engine-killed");

  await onEditor(
    page,
    async (editor, path) => {
      const { document } = await editor.client.call("graph.open", {
        name: path.name,
        data: new TextEncoder().encode(path.text),
      });
      editor.documents.open(document, { title: "small" });
    },
    { name: "small.json", text: readFileSync(small, "utf8") },
  );
  await page.keyboard.press("Control+Enter");
  await expect.poll(() => results(app), { timeout: 60_000 }).toHaveLength(1);
  await expect.poll(async () => (await history(app))[0]?.state, { timeout: 20_000 }).toBe("done");
});

test("a service that is killed is started again: the window goes on with its queue and history", async () => {
  const home = newHome();
  const app = await startApp({ home, args: [graphFile(home, "dawn.json", SMALL)] });
  const { page } = app;
  await page.getByRole("tab", { name: "dawn" }).waitFor();
  await page.keyboard.press("Control+Enter");
  await expect.poll(async () => (await history(app))[0]?.state, { timeout: 60_000 }).toBe("done");
  const before = await history(app);

  await onEditor(page, (editor) => {
    editor.client.subscribe((event) => {
      if (event.type === "reconnected") Object.assign(globalThis, { seen: true });
    });
  });
  const service = await processOf(app, "service");
  kill(service!);
  await page.waitForFunction(() => "seen" in globalThis, undefined, { timeout: 20_000 });
  expect(await processOf(app, "service")).not.toBe(service);
  expect(await history(app)).toEqual(before);
  await page.keyboard.press("Control+Enter");
  await expect.poll(async () => (await history(app)).length, { timeout: 60_000 }).toBe(2);
});
