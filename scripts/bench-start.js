// How long the desktop app takes from its start until its page has the nodes, the queue and what was open. A new home
// folder each time: the first start of all. `npm run bench:start [runs]`. Says when the page begins to load and when
// it can be used.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { electronProgram } from "./electron-program.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const runs = Number(process.argv[2] ?? 5);
const { program, reason } = electronProgram();
if (program === null) {
  console.error(reason);
  process.exit(1);
}

async function start() {
  const home = mkdtempSync(join(tmpdir(), "umbel-start-"));
  const flags = ["--no-sandbox", "--remote-debugging-port=0", `--user-data-dir=${home}/data`, root];
  const began = Date.now();
  const app = spawn(program, flags, { env: { ...process.env, HOME: home } });
  const ended = new Promise((done) => app.once("exit", done));
  const address = await new Promise((found) => {
    let printed = "";
    app.stderr.on("data", (data) => {
      printed += data;
      const match = /DevTools listening on (ws:\S+)/.exec(printed);
      if (match) found(match[1]);
    });
  });
  const browser = await chromium.connectOverCDP(address);
  const [context] = browser.contexts();
  const page = context.pages()[0] ?? (await context.waitForEvent("page"));
  await page.waitForFunction(() => performance.getEntriesByName("umbel:interactive").length > 0);
  const { loading, usable } = await page.evaluate(() => ({
    loading: performance.timeOrigin,
    usable: performance.timeOrigin + performance.getEntriesByName("umbel:interactive")[0].startTime,
  }));
  await browser.close().catch(() => undefined);
  app.kill("SIGKILL");
  await ended;
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  return { loading: loading - began, usable: usable - began };
}

const times = [];
for (let run = 1; run <= runs; run++) {
  const { loading, usable } = await start();
  times.push(usable);
  console.log(
    `run ${run}: page loads after ${loading.toFixed(0)} ms, usable after ${usable.toFixed(0)} ms`,
  );
}
const middle = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
console.log(`median ${middle.toFixed(0)} ms of ${runs} starts`);
