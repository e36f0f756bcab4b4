// Measures the window with a large graph, side by side with a bare React Flow of the same size: npm run bench:editor.
// Script a frame is what a CDP trace shows of JavaScript on the page's main thread between two frames, in its CPU time.
import { spawnSync } from "node:child_process";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { _electron } from "playwright-core";
import { build } from "vite";
import { electronProgram } from "../electron-program.js";
import { at, traced } from "./trace.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const dist = join(root, "dist/renderer-bench");
const NODES = 1000;
const LINKS = 1500;
const FRAMES = 120;
const UNDOS = 5;
const ZOOMS = 12;
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".woff2": "font/woff2",
};
function serve() {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://page").pathname);
    readFile(join(dist, path)).then(
      (data) =>
        response
          .writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream" })
          .end(data),
      () => response.writeHead(404).end(),
    );
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

/** Milliseconds until what `act` did has been drawn. */
const untilDrawn = (page, act) =>
  page.evaluate(async (name) => {
    const begun = performance.now();
    const [method, ...rest] = name;
    globalThis.bench[method](...rest);
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    return performance.now() - begun;
  }, act);

/** Drags to and fro, as far as `reach` pixels. */
async function sweepMouse(page, from, frames, reach = 120) {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  for (let i = 1; i <= frames; i++) {
    const [x, y] = [Math.sin(i / 12), Math.sin(i / 9)];
    await page.mouse.move(from.x + reach * x, from.y + (reach / 1.5) * y);
  }
  await page.mouse.up();
}

/** Zooms in on what is under the pointer, until nodes are drawn in full. */
async function zoomIn(page, { x, y }) {
  await page.mouse.move(x, y);
  for (let i = 0; i < ZOOMS; i++) await page.mouse.wheel(0, -240);
  await page.waitForTimeout(1500);
}

function expectMoved(before, after) {
  if (Math.abs(after - before) < 20)
    throw new Error(`Expected the node to be dragged, got ${Math.round(after - before)} px.`);
}

async function measure(program, address, page_, selector) {
  const url = `${address}/${page_}.html?nodes=${NODES}&links=${LINKS}`;
  const flags = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const app = await _electron.launch({
    executablePath: program,
    args: [...flags, fileURLToPath(new URL("window.js", import.meta.url))],
    env: { ...process.env, UMBEL_BENCH_URL: url },
  });
  const page = await app.firstWindow();
  await page.waitForFunction(() => globalThis.bench !== undefined);
  await page.waitForTimeout(1500);
  const open = await untilDrawn(page, ["open"]);
  await page.waitForSelector(selector);
  await page.waitForTimeout(2000);
  const count = await page.locator(selector).count();
  if (count !== NODES) throw new Error(`Expected ${NODES} nodes on the page, got ${count}.`);
  const middle = async () => {
    const box = await page.locator(selector).nth(420).boundingBox();
    // On its head, where no field is, and beside the middle, where a bare node has its handle.
    return {
      outside: { x: box.x - 3, y: box.y - 3 },
      x: box.x + box.width / 4,
      y: box.y + Math.min(box.height / 2, 12),
    };
  };
  const pan = await traced(page, async () => sweepMouse(page, (await middle()).outside, FRAMES));
  const from = await middle();
  const drag = await traced(page, () => sweepMouse(page, from, FRAMES));
  expectMoved(from.x, (await middle()).x);
  const undos = [];
  for (let i = 0; i < UNDOS; i++) {
    await untilDrawn(page, ["remove", 500]);
    await page.waitForTimeout(800);
    undos.push(await traced(page, () => untilDrawn(page, ["undo"])));
    await page.waitForTimeout(800);
  }
  await zoomIn(page, await middle());
  const head = await middle();
  const nearDrag = await traced(page, () => sweepMouse(page, head, FRAMES));
  expectMoved(head.x, (await middle()).x);
  const nearPan = await traced(page, async () =>
    sweepMouse(page, (await middle()).outside, FRAMES, 500),
  );
  await app.close();
  return {
    open,
    pan: pan.frames,
    drag: drag.frames,
    nearPan: nearPan.frames,
    nearDrag: nearDrag.frames,
    undo: at(
      undos.map(({ result }) => result),
      0.5,
    ),
    undoBusy: at(
      undos.map(({ busy }) => busy),
      0.5,
    ),
  };
}

const { program, reason } = electronProgram();
if (program === null) {
  console.error(reason);
  process.exit(1);
}
if (
  spawnSync(process.execPath, [join(root, "scripts/build.js")], { stdio: "inherit" }).status !== 0
)
  process.exit(1);
await build({ configFile: join(root, "vite.config.ts"), mode: "bench", logLevel: "warn" });
const server = await serve();
const address = `http://127.0.0.1:${server.address().port}`;
try {
  const umbel = await measure(program, address, "bench", ".canvas .node-shell");
  const bare = await measure(program, address, "bare", ".react-flow__node");
  const row = (name, a, b) =>
    console.log(`${name.padEnd(34)}${a.toFixed(1).padStart(10)}${b.toFixed(1).padStart(16)}`);
  console.log(
    `${NODES} nodes, ${LINKS} links; ${cpus()[0]?.model ?? "unknown CPU"}, ${cpus().length} cores; milliseconds`,
  );
  console.log(`${"".padEnd(34)}${"Umbel".padStart(10)}${"bare React Flow".padStart(16)}`);
  row("open, until drawn", umbel.open, bare.open);
  row("pan, script a frame, median", at(umbel.pan, 0.5), at(bare.pan, 0.5));
  row("pan, script a frame, 95th", at(umbel.pan, 0.95), at(bare.pan, 0.95));
  row("drag, script a frame, median", at(umbel.drag, 0.5), at(bare.drag, 0.5));
  row("drag, script a frame, 95th", at(umbel.drag, 0.95), at(bare.drag, 0.95));
  row("near, pan, 95th", at(umbel.nearPan, 0.95), at(bare.nearPan, 0.95));
  row("near, drag, 95th", at(umbel.nearDrag, 0.95), at(bare.nearDrag, 0.95));
  row("undo of 500 deleted, until drawn", umbel.undo, bare.undo);
  row("undo of 500 deleted, CPU", umbel.undoBusy, bare.undoBusy);
} finally {
  server.close();
}
