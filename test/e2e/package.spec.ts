/** The packaged app, which takes no Node debugger: it is driven over Chromium's own port. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { graphFile, newHome, onEditor, ready, SMALL } from "./desktop-app.ts";

const PROGRAM = resolve(import.meta.dirname, "../../output/package/linux-unpacked/umbel");
const isPackaged = existsSync(PROGRAM);
if (!isPackaged) console.log("No package to test: `npm run package -- --linux dir` makes one.");

/** Starts the package; the address of its debugging port when it listens. */
function startPackage(home: string, file: string, extra: NodeJS.ProcessEnv = {}) {
  const args = [
    "--no-sandbox",
    "--disable-gpu",
    "--remote-debugging-port=0",
    `--user-data-dir=${join(home, "data")}`,
    file,
  ];
  const child = spawn(PROGRAM, args, { env: { ...process.env, HOME: home, ...extra } });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = new Promise<number | null>((done) => child.once("exit", (code) => done(code)));
  const address = new Promise<string>((found) => {
    let printed = "";
    child.stderr.on("data", (data: Buffer) => {
      printed += data.toString();
      const match = /DevTools listening on (ws:\S+)/.exec(printed);
      if (match !== null) found(match[1]!);
    });
  });
  return { address, ended };
}

test.skipIf(!isPackaged)("the package starts, runs the demo graph and closes", async () => {
  const home = newHome();
  const file = graphFile(home, "dawn.json", SMALL);
  // Neither may have an effect: the fuses are set.
  const extra = { ELECTRON_RUN_AS_NODE: "1", NODE_OPTIONS: "--require=./not-there.cjs" };
  const { address, ended } = startPackage(home, file, extra);
  const browser = await chromium.connectOverCDP(await address);
  const context = browser.contexts()[0]!;
  const page = context.pages()[0] ?? (await context.waitForEvent("page"));
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
