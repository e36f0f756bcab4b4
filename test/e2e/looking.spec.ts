import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ALL_FORMATS, BufferSource, Input } from "mediabunny";
import { expect, test } from "vitest";
import { expectAccessible } from "./axe.ts";
import { answerDialogs } from "./dialogs.ts";
import { graphFile, newHome, onEditor, screenshot, SMALL, startApp } from "./desktop-app.ts";

/** Frames and size of a clip, read as another program would. */
async function clipOf(path: string) {
  const source = new BufferSource(readFileSync(path));
  const input = new Input({ source, formats: ALL_FORMATS });
  const track = (await input.getPrimaryVideoTrack())!;
  const { packetCount } = await track.computePacketStats();
  return { width: track.displayWidth, height: track.displayHeight, frames: packetCount };
}

test("two results are compared in every view, with figures and what differs, and the view is saved", async () => {
  const home = newHome();
  const first = graphFile(home, "dawn.json", { ...SMALL, "sampler.steps": 1 });
  const app = await startApp({ home, args: [first] });
  const { page } = app;
  await page.getByRole("tab", { name: "dawn" }).waitFor();
  await onEditor(page, async (editor) => {
    const { document } = editor.documents.active()!;
    const sampler = document.nodes["sampler"]!;
    const more = {
      ...document,
      nodes: {
        ...document.nodes,
        sampler: { ...sampler, values: { ...sampler.values, steps: 2 } },
      },
    };
    for (const each of [document, more])
      await editor.client.call("queue.add", { document: each, title: "dawn" });
  });
  await expect
    .poll(
      () =>
        onEditor(page, async (editor) => {
          const jobs = await editor.client.call("history.list", { limit: 5 });
          return jobs.map(({ state }) => state);
        }),
      { timeout: 60_000 },
    )
    .toEqual(["done", "done"]);

  await page.getByRole("navigation").getByRole("button", { name: "Gallery" }).click();
  const gallery = page.getByRole("region", { name: "Gallery" });
  const results = gallery.getByRole("button", { name: /text-to-video_0000/ });
  await results.nth(1).click();
  await gallery.getByRole("button", { name: "Save a copy" }).waitFor();
  await results.nth(0).click({ modifiers: ["Shift"] });
  await gallery.getByText("SSIM").first().waitFor({ timeout: 30_000 });
  const differ = gallery.getByRole("table");
  expect(await differ.getByRole("row", { name: /^steps 1 2$/ }).count()).toBe(1);
  await expect.poll(() => gallery.getByText(/^\d+\.\d dB$/).count()).toBeGreaterThan(0);

  for (const [view, width] of [
    ["Side by side", 130],
    ["Wipe", 64],
    ["Difference", 64],
  ] as const) {
    await gallery.getByRole("radio", { name: view }).click();
    await screenshot(page, `compare-${view.split(" ")[0]!.toLowerCase()}`);
    const path = join(home, `${view}.mp4`);
    await answerDialogs(app, path);
    await gallery.getByRole("button", { name: "Save this view as a video" }).click();
    await page.getByText(`Saved ${view}.mp4`).first().waitFor({ timeout: 30_000 });
    expect(await clipOf(path)).toEqual({ width, height: 64, frames: 5 });
  }
  await expectAccessible(page);

  // By frame, and in a loop.
  const transport = gallery.getByRole("group", { name: "Playback" });
  await transport.getByRole("button", { name: "Pause" }).click();
  await transport.getByRole("button", { name: "First frame" }).click();
  await transport.getByRole("button", { name: "Frame back" }).click();
  await transport.getByText("frame 5 of 5").waitFor();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  await transport.getByText("frame 2 of 5").waitFor();
});
