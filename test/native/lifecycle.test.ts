import { spawn } from "node:child_process";
import { describe, expect, test } from "vitest";
import { addonPath } from "#native";

const PRELUDE = `
  const addon = require(${JSON.stringify(addonPath())});
  const device = addon.createDevice({ threads: 2 });
  const longOp = () => {
    const x = device.zeros([8, 128, 128, 128], "f32");
    const weight = device.zeros([256, 3, 3, 3, 128], "f32");
    const out = device.empty([8, 128, 128, 256], "f32");
    device.run("conv3d", [x, null, null, weight, null, null], [[1, 1, 1], [1, 1, 1, 1, 1, 1], false], [out]);
    return out;
  };
  const shortOp = () => {
    const x = device.zeros([1000], "f32");
    const out = device.empty([1000], "f32");
    device.run("affine", [x], [1, 3], [out]);
    return out;
  };
`;

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly seconds: number;
}

/** Runs a script in a process of its own; one that hangs is ended by a signal, which the tests see. */
async function run(script: string, flags: readonly string[] = []): Promise<Ended> {
  const start = performance.now();
  const child = spawn(process.execPath, [...flags, "-e", PRELUDE + script], { timeout: 15_000 });
  let output = "";
  child.stdout.on("data", (data: Buffer) => (output += data.toString()));
  child.stderr.on("data", (data: Buffer) => (output += data.toString()));
  return new Promise((resolve) => {
    child.on("close", (code, signal) =>
      resolve({ code, signal, output, seconds: (performance.now() - start) / 1000 }),
    );
  });
}

describe("the process ends cleanly", () => {
  test("with work in flight and nothing awaited", async () => {
    const ended = await run(`longOp(); shortOp();`);
    expect(ended).toMatchObject({ code: 0, signal: null, output: "" });
    expect(ended.seconds).toBeLessThan(5);
  });

  test("by process.exit with work in flight and promises pending", async () => {
    const ended = await run(`
      device.read(longOp(), "f32"); device.sync();
      setTimeout(() => process.exit(7), 100);
    `);
    expect(ended).toMatchObject({ code: 7, signal: null, output: "" });
    expect(ended.seconds).toBeLessThan(5);
  });

  test("by an uncaught error with work in flight", async () => {
    const ended = await run(`longOp(); setTimeout(() => { throw new Error("planted"); }, 50);`);
    expect(ended).toMatchObject({ code: 1, signal: null });
    expect(ended.output).toContain("planted");
  });

  test("only after a pending promise settles", async () => {
    const ended = await run(`
      device.read(shortOp(), "f32").then((bytes) => console.log(new Float32Array(bytes)[999]));
    `);
    expect(ended).toMatchObject({ code: 0, signal: null, output: "3\n" });
  });
});

describe("worker threads", () => {
  test("load the addon at the same time and are ended with work in flight", async () => {
    const body = JSON.stringify(`${PRELUDE}
      const { parentPort } = require("node:worker_threads");
      device.read(shortOp(), "f32").then((bytes) => {
        longOp();
        device.sync().catch(() => {});
        parentPort.postMessage(new Float32Array(bytes)[0]);
      });
    `);
    const ended = await run(`
      const { Worker } = require("node:worker_threads");
      const one = () => new Promise((resolve, reject) => {
        const worker = new Worker(${body}, { eval: true });
        worker.on("error", reject);
        worker.on("message", async (value) => { await worker.terminate(); resolve(value); });
      });
      Promise.all([one(), one(), one()]).then(async (values) => {
        console.log(values.join());
        console.log(new Float32Array(await device.read(shortOp(), "f32"))[0]);
      });
    `);
    expect(ended).toMatchObject({ code: 0, signal: null, output: "3,3,3\n3\n" });
  });
});

describe("garbage collection", () => {
  test("frees tensors that nobody disposed and devices with work in flight", async () => {
    const ended = await run(
      `
      const later = () => new Promise((resolve) => setTimeout(resolve, 20));
      (async () => {
        for (let i = 0; i < 100; i++) device.zeros([1000], "f32");
        for (let i = 0; i < 5; i++) { const other = addon.createDevice({ threads: 2 }); other.zeros([10], "f32"); }
        for (let i = 0; i < 5; i++) { await later(); gc(); }
        console.log(device.memory().liveTensors, device.memory().liveBytes);
      })();
    `,
      ["--expose-gc"],
    );
    expect(ended).toMatchObject({ code: 0, signal: null, output: "0 0\n" });
  });

  test("does not take a device away while a promise is pending", async () => {
    const ended = await run(
      `
      let other = addon.createDevice({ threads: 2 });
      const promise = other.read(other.zeros([4], "f32"), "f32");
      other = null;
      gc(); gc();
      promise.then((bytes) => console.log(bytes.byteLength));
    `,
      ["--expose-gc"],
    );
    expect(ended).toMatchObject({ code: 0, signal: null, output: "16\n" });
  });
});

test("foreign objects are refused instead of read as ours", async () => {
  const ended = await run(`
    const tries = [
      () => device.run("affine", [{}], [1, 1], [shortOp()]),
      () => device.run("affine", [device], [1, 1], [shortOp()]),
      () => device.view({}, [1], [1], 0),
      () => device.view(shortOp(), [1001], [1], 0),
      () => device.view(shortOp(), [2], [2 ** 52], 0),
      () => device.view(shortOp(), [2, 2], [1], 0),
      () => device.view(shortOp(), [1], [1], -1),
      () => device.empty(["a"], "f32"),
      () => device.empty([-1], "f32"),
      () => device.empty([1], "f64"),
      () => device.upload([1, 2], [2], "u8"),
      () => device.upload(new Uint8Array(3), [2], "u8"),
      () => device.read(new Date(), "f32"),
      () => device.fromMapping(device, 0, [1], "f32"),
      () => addon.mapFile(3),
      () => addon.createDevice(),
      () => device.run.call({}, "affine", [], [], []),
      () => new (shortOp().constructor)().dispose(),
      () => device.view(new (shortOp().constructor)(), [1], [1], 0),
      () => new (device.constructor)().memory(),
    ];
    for (const attempt of tries) {
      try { attempt(); console.log("accepted " + attempt); } catch (error) {
        if (!(error instanceof Error)) console.log("threw " + error);
      }
    }
  `);
  expect(ended).toMatchObject({ code: 0, signal: null });
  expect(ended.output.replace(/accepted \(\) => new \(shortOp.*dispose\(\)\n/, "")).toBe("");
});
