/** The packaged app, which takes no Node debugger: it is driven over Chromium's own port. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { graphFile, newHome, onEditor, ready, SMALL } from "./desktop-app.ts";
import { isPackaged, startPackage } from "./packaged-app.ts";

if (!isPackaged) console.log("No package to test: `npm run package -- --linux dir` makes one.");

test.skipIf(!isPackaged)("the package starts, runs the demo graph and closes", async () => {
  const home = newHome();
  const file = graphFile(home, "dawn.json", SMALL);
  // Neither may have an effect: the fuses are set.
  const extra = { ELECTRON_RUN_AS_NODE: "1", NODE_OPTIONS: "--require=./not-there.cjs" };
  const { page, ended } = await startPackage(home, file, extra);
  await ready(page);
  await page.getByRole("tab", { name: "dawn" }).waitFor();
  await page.keyboard.press("Control+Enter");
  await expect
    .poll(
      () =>
        onEditor(page, async (editor) => {
          const [job] = await editor.client.call("history.list", { limit: 1 });
          return job?.state ?? null;
        }),
      { timeout: 90_000 },
    )
    .toBe("done");
  expect(existsSync(join(home, "Umbel/output/text-to-video_00001_.mp4"))).toBe(true);
  // A moment later: the answer to this call goes with the window.
  await onEditor(page, (editor) => void setTimeout(() => editor.shell.closeWindow(), 200));
  expect(await ended).toBe(0);
});
