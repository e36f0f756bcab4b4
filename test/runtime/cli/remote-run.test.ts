import { writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer, type TestServer } from "../../helpers/server.ts";
import {
  filesOf,
  LARGE,
  ROOT,
  scratchFolder,
  sets,
  SMALL,
  startUmbel,
  TEXT_TO_VIDEO,
} from "../../helpers/umbel-process.ts";

let running: TestServer;
beforeAll(async () => {
  running = await startServer({ token: "remote-token" });
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});
const server = () => `http://${running.host}/?token=remote-token`;

test("runs a graph on a server and saves its results here", { timeout: 60_000 }, async () => {
  const out = scratchFolder();
  const { code, stdout } = await startUmbel([
    "run",
    TEXT_TO_VIDEO,
    ...sets(SMALL),
    "--json",
    "--server",
    server(),
    "--out",
    out,
  ]).ended;
  expect(code).toBe(0);
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string; result?: { path: string } });
  const types = events.map((event) => event.type);
  expect(types[0]).toBe("job_started");
  expect(types.at(-1)).toBe("job_finished");
  expect(types).toContain("node_progress");
  const path = events.find((event) => event.type === "node_result")?.result?.path;
  expect(path).toBe(join(out, "text-to-video_00001_.mp4"));
  expect(filesOf(out)).toEqual(["text-to-video_00001_.mp4"]);
});

test("takes a picture along", { timeout: 60_000 }, async () => {
  const folder = scratchFolder();
  const picture = join(folder, "dot.png");
  writeFileSync(
    picture,
    await sharp({ create: { width: 16, height: 16, channels: 3, background: "red" } })
      .png()
      .toBuffer(),
  );
  const graph = join(folder, "graph.json");
  writeFileSync(
    graph,
    JSON.stringify({
      umbel: 1,
      nodes: {
        source: { type: "LoadImage", values: { image: "" } },
        save: { type: "SaveImage", values: { filename_prefix: "copies/dot" } },
      },
      links: [{ from: ["source", "IMAGE"], to: ["save", "images"] }],
    }),
  );
  const { code, stderr } = await startUmbel([
    "run",
    graph,
    "--set",
    `source.image=${picture}`,
    "--server",
    server(),
    "--out",
    join(folder, "out"),
  ]).ended;
  expect(stderr).not.toMatch(/\[ERR_/);
  expect(code).toBe(0);
  expect(filesOf(join(folder, "out", "copies"))).toEqual(["dot_00001_.png"]);
});

test("says what is wrong with a graph, an address or a token", { timeout: 60_000 }, async () => {
  const run = (...more: string[]) => startUmbel(["run", TEXT_TO_VIDEO, ...more]).ended;
  const wrong = await run("--set", "model.unet_name=none.safetensors", "--server", server());
  expect([wrong.code, wrong.stderr]).toEqual([3, expect.stringMatching(/none\.safetensors/)]);
  const none = await run("--server", "http://127.0.0.1:9");
  expect([none.code, none.stderr]).toEqual([1, expect.stringMatching(/Expected a server at/)]);
  const strange = await run("--server", "nowhere");
  expect([strange.code, strange.stderr]).toEqual([2, expect.stringMatching(/Expected --server/)]);
  const closed = await run("--server", `http://${running.host}`);
  expect([closed.code, closed.stderr]).toEqual([1, expect.stringMatching(/token/)]);
});

test("ends the job with Ctrl-C", { timeout: 60_000 }, async () => {
  const child = startUmbel(
    ["run", TEXT_TO_VIDEO, ...sets(LARGE), "--server", server(), "--out", scratchFolder()],
    ROOT,
  );
  await expect
    .poll(async () => (await running.service.call("queue.state", {})) as unknown, {
      timeout: 30_000,
    })
    .toMatchObject({ result: { running: [{ state: "running" }] } });
  child.kill("SIGINT");
  const { code, signal } = await child.ended;
  expect(code === 130 || signal === "SIGINT").toBe(true);
  await expect
    .poll(async () => (await running.service.call("queue.state", {})) as unknown, {
      timeout: 30_000,
    })
    .toMatchObject({ result: { running: [], waitingCount: 0 } });
});
