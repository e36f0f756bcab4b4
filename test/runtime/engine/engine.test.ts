import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { describeNode } from "#runtime/engine/describe-node";
import { Engine } from "#runtime/engine/engine";
import type { NodeRegistry } from "#runtime/engine/node-registry";
import { UmbelError } from "#runtime/errors";
import { parseDocument } from "#runtime/graph/document";
import type { JobEvent } from "#runtime/protocol/events";
import { float, int, seed, socket, text } from "#runtime/sdk/inputs";
import type { ModelAccess } from "#runtime/sdk/model-access";
import { defineNode, output, type NodeDefinition } from "#runtime/sdk/node";
import { affine } from "#runtime/tensor/ops";
import { openDevice } from "#runtime/tensor/devices";

const device = openDevice("cpu", { threads: 1 });
const folder = mkdtempSync(join(tmpdir(), "umbel-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

let runs: string[] = [];
let shown: unknown[] = [];
let release: (() => void) | null = null;

const source = defineNode({
  type: "Source",
  title: "Source",
  category: "test",
  description: "",
  version: 1,
  inputs: { value: float({ default: 1, min: 0, max: 100 }), seed: seed() },
  outputs: { FLOAT: output("FLOAT") },
  run: (_c, { value, seed: s }) => {
    runs.push(`source ${value} ${typeof s} ${s}`);
    return { FLOAT: value };
  },
});
const double = defineNode({
  type: "Double",
  title: "Double",
  category: "test",
  description: "",
  version: 1,
  inputs: { x: socket("FLOAT") },
  outputs: { FLOAT: output("FLOAT") },
  run: async (context, { x }) => {
    runs.push("double");
    using a = context.device.tensor(Float32Array.of(x), [1]);
    using b = affine(a, 2, 0);
    context.progress(1, 1);
    return { FLOAT: (await b.read())[0] as number };
  },
});
const show = defineNode({
  type: "Show",
  title: "Show",
  category: "test",
  description: "",
  version: 1,
  inputs: { x: socket("FLOAT"), label: text(), count: int({ default: 3, min: 0, max: 9 }) },
  outputs: {},
  output: true,
  check: ({ label }) => (label === "bad" ? ["Expected another label, got bad."] : []),
  run: (context, { x, label }) => {
    shown.push([x, label, context.embed["umbel"]?.includes('"Show"')]);
    return {};
  },
});
const fail = defineNode({
  type: "Fail",
  title: "Fail",
  category: "test",
  description: "",
  version: 1,
  inputs: { x: socket("FLOAT") },
  outputs: {},
  output: true,
  run: () => {
    throw new UmbelError("ERR_SHAPE", "Expected a square, got a circle.");
  },
});
const wait = defineNode({
  type: "Wait",
  title: "Wait",
  category: "test",
  description: "",
  version: 1,
  inputs: {},
  outputs: { FLOAT: output("FLOAT") },
  run: async (context) => {
    await new Promise<void>((resolve) => {
      release = resolve;
      context.signal.addEventListener("abort", () => resolve());
    });
    context.checkCancelled();
    return { FLOAT: 1 };
  },
});

const definitions = new Map(
  [source, double, show, fail, wait].map((d) => [d.type, d as unknown as NodeDefinition]),
);
const registry: NodeRegistry = {
  get: (type) => definitions.get(type),
  descriptions: new Map([...definitions].map(([type, d]) => [type, describeNode(d)])),
};

function newEngine(): Engine {
  return new Engine({
    registry,
    device,
    models: {} as ModelAccess,
    files: {
      modelPath: (_f, name) => name,
      inputPath: (name) => name,
      list: () => [],
      outputFolder: folder,
      temporaryFolder: folder,
    },
  });
}

function chain(value: number, end: object = { type: "Show", values: { label: "hi" } }) {
  return parseDocument({
    umbel: 1,
    nodes: {
      a: { type: "Source", values: { value, seed: "18446744073709551615" } },
      b: { type: "Double" },
      c: end,
    },
    links: [
      { from: ["a", "FLOAT"], to: ["b", "x"] },
      { from: ["b", "FLOAT"], to: ["c", "x"] },
    ],
  } as never);
}

async function run(
  engine: Engine,
  document: ReturnType<typeof chain>,
  signal = new AbortController().signal,
) {
  const events: JobEvent[] = [];
  const done = engine.run({ job: "j", document, signal, emit: (event) => events.push(event) });
  return { events, done };
}

beforeEach(() => {
  runs = [];
  shown = [];
});

describe("Engine", () => {
  it("runs what the outputs need, in order, with values and embedded document", async () => {
    const { events, done } = await run(newEngine(), chain(21));
    const summary = await done;
    expect(shown).toEqual([[42, "hi", true]]);
    expect(runs).toEqual(["source 21 bigint 18446744073709551615", "double"]);
    expect(summary.nodes.map((n) => n.node)).toEqual(["a", "b", "c"]);
    expect(events.map((e) => e.type)).toEqual([
      "job_started",
      "node_started",
      "node_finished",
      "node_started",
      "node_progress",
      "node_finished",
      "node_started",
      "node_finished",
      "job_finished",
    ]);
  });

  it("runs again only what a change touches, and outputs always", async () => {
    const engine = newEngine();
    await (
      await run(engine, chain(1))
    ).done;
    runs = [];
    await (
      await run(engine, chain(1, { type: "Show", values: { label: "again" } }))
    ).done;
    expect(runs).toEqual([]);
    expect(shown.at(-1)).toEqual([2, "again", true]);
    await (
      await run(engine, chain(3))
    ).done;
    expect(runs).toEqual(["source 3 bigint 18446744073709551615", "double"]);
  });

  it("reports every problem before it runs anything, also those of the nodes", async () => {
    const { events, done } = await run(
      newEngine(),
      chain(1000, { type: "Show", values: { label: "bad", count: 10 } }),
    );
    await expect(done).rejects.toThrow(/3 problem\(s\)/);
    expect(runs).toEqual([]);
    const last = events.at(-1);
    expect(last?.type === "job_failed" && last.problems.map((p) => p.code)).toEqual([
      "value_above_max",
      "value_above_max",
      "node_check",
    ]);
  });

  it("says which node failed, and goes on with the next job", async () => {
    const engine = newEngine();
    const { done, events } = await run(engine, chain(1, { type: "Fail" }));
    await expect(done).rejects.toMatchObject({ code: "ERR_SHAPE", nodeId: "c" });
    expect(events.at(-1)).toMatchObject({
      type: "job_failed",
      error: { nodeId: "c", code: "ERR_SHAPE" },
    });
    await (
      await run(engine, chain(1))
    ).done;
    expect(shown).toHaveLength(1);
  });

  it("cancels a running node and says so", async () => {
    const controller = new AbortController();
    const document = parseDocument({
      umbel: 1,
      nodes: { w: { type: "Wait" }, s: { type: "Show" } },
      links: [{ from: ["w", "FLOAT"], to: ["s", "x"] }],
    } as never);
    const { events, done } = await run(newEngine(), document, controller.signal);
    while (release === null) await new Promise((resolve) => setTimeout(resolve, 1));
    controller.abort();
    await expect(done).rejects.toMatchObject({ code: "ERR_INTERRUPTED" });
    expect(events.at(-1)).toEqual({ type: "job_cancelled", job: "j" });
    expect(device.memory().liveTensors).toBe(0);
  });

  it("runs only what a target needs", async () => {
    const engine = newEngine();
    await engine.run({
      job: "t",
      document: chain(4),
      targets: ["a"],
      signal: new AbortController().signal,
      emit: () => undefined,
    });
    expect(runs).toEqual(["source 4 bigint 18446744073709551615"]);
    expect(shown).toEqual([]);
  });
});
