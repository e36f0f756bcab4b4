/** What must hold however often an engine runs, and wherever a run ends. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { setValues } from "#runtime/cli/set-values";
import { Engine } from "#runtime/engine/engine";
import { engineFiles } from "#runtime/engine/engine-files";
import { loadFamilies } from "#runtime/engine/models/families";
import { ModelManager } from "#runtime/engine/models/manager";
import { loadNodes, type NodeRegistry } from "#runtime/engine/node-registry";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import type { JobEvent } from "#runtime/protocol/events";
import { socket } from "#runtime/sdk/inputs";
import { defineNode, type NodeDefinition } from "#runtime/sdk/node";
import type { Latent } from "#runtime/sdk/values";
import { openDevice, type DeviceOptions } from "#runtime/tensor/devices";
import { describeNode } from "#runtime/engine/describe-node";
import { randomArray } from "../../helpers/tensors.ts";
import {
  filesOf,
  ROOT,
  scratchFolder,
  SMALL,
  TEXT_TO_VIDEO,
  workerSettings,
} from "../../helpers/umbel-process.ts";

const folder = scratchFolder();
const settings = { ...workerSettings(folder), nodes: [join(ROOT, "nodes")] };
mkdirSync(settings.temporaryFolder, { recursive: true });

const latents: Latent[] = [];
const keepLatent = defineNode({
  type: "KeepLatent",
  title: "Keep latent",
  category: "test",
  description: "",
  version: 1,
  inputs: { samples: socket("LATENT") },
  outputs: {},
  output: true,
  run: (_, { samples }) => {
    latents.push(samples);
    return {};
  },
}) as unknown as NodeDefinition;

const own = await loadNodes(settings.nodes);
const registry: NodeRegistry = {
  get: (type) => (type === keepLatent.type ? keepLatent : own.get(type)),
  descriptions: new Map([...own.descriptions, [keepLatent.type, describeNode(keepLatent)]]),
};
const families = await loadFamilies();

const example = parseDocument(readFileSync(TEXT_TO_VIDEO, "utf8"));
const graph: GraphDocument = {
  ...example,
  nodes: { ...example.nodes, keep: { type: "KeepLatent", values: {} } },
  links: [...example.links, { from: ["sampler", "LATENT"], to: ["keep", "samples"] }],
};

const radial: GraphDocument = {
  ...graph,
  nodes: {
    ...graph.nodes,
    radial: {
      type: "RadialAttention",
      values: { dense_layers: 0, dense_steps: 1, block_size: 64 },
    },
  },
  links: [
    ...graph.links.filter(({ to: [node, name] }) => node !== "shift" || name !== "model"),
    { from: ["model", "MODEL"], to: ["radial", "model"] },
    { from: ["radial", "MODEL"], to: ["shift", "model"] },
  ],
};

interface RunOptions {
  readonly document?: GraphDocument;
  readonly targets?: readonly string[];
  /** Milliseconds. */
  readonly cancelAt?: number;
}

function open(options: DeviceOptions) {
  const device = openDevice("cpu", options);
  const models = new ModelManager({ device, families });
  const engine = new Engine({ registry, device, models, files: engineFiles(settings) });
  return {
    device,
    run: async (
      assignments: readonly string[],
      { document: start = graph, targets = ["save"], cancelAt = Infinity }: RunOptions = {},
    ): Promise<JobEvent> => {
      const controller = new AbortController();
      let last: JobEvent | undefined;
      const timer =
        cancelAt === Infinity ? undefined : setTimeout(() => controller.abort(), cancelAt);
      try {
        const { document } = setValues(start, assignments, registry.descriptions);
        const emit = (event: JobEvent): void => void (last = event);
        await engine.run({ job: "job", document, targets, signal: controller.signal, emit });
      } catch {
        // The last event says so.
      }
      clearTimeout(timer);
      if (last === undefined) throw new Error("Expected events, got none.");
      return last;
    },
    /** What a run leaves on the device, weights that stay for the next one given up. */
    left: () => {
      models.release();
      const { liveTensors, liveBytes, allocatedBytes } = device.memory();
      return { liveTensors, liveBytes, allocatedBytes };
    },
  };
}

const NOTHING = { liveTensors: 0, liveBytes: 0, allocatedBytes: 0 };

function residentBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage.rss();
}

describe("an engine", () => {
  it.each([
    ["dense", graph, SMALL],
    [
      "radial, with noise in every step",
      radial,
      [
        "sampler.steps=3",
        "sampler.sampler_name=dpmpp_2m_sde",
        "latent.width=128",
        "latent.height=128",
        "latent.length=17",
      ],
    ],
  ])("gives the same bytes for any number of threads (%s)", async (_, document, assignments) => {
    const bytes: Buffer[] = [];
    for (const threads of [1, 2, 3]) {
      const { run, left } = open({ threads });
      const last = await run(assignments, { document, targets: ["keep"] });
      expect(last).toMatchObject({ type: "job_finished" });
      const { samples } = latents.pop() as Latent;
      expect(samples.data.some((value) => value !== 0)).toBe(true);
      bytes.push(Buffer.from(samples.data.slice().buffer));
      expect(left()).toEqual(NOTHING);
    }
    expect(bytes.map((latent) => latent.equals(bytes[0] as Buffer))).toEqual([true, true, true]);
  });

  it("takes no more memory after 50 runs, and no tensor stays", { timeout: 120_000 }, async () => {
    const { run, left, device } = open({ threads: 2 });
    const size = ["latent.width=32", "latent.height=32", "latent.length=1", "sampler.steps=1"];
    let settled = 0;
    for (let i = 0; i < 60; i++) {
      const last = await run([...size, `sampler.seed=${i}`]);
      expect(last).toMatchObject({ type: "job_finished" });
      if (i === 9) settled = residentBytes();
      if (i % 10 === 9) expect(left()).toEqual(NOTHING);
    }
    expect(residentBytes() / settled).toBeLessThan(1.05);
    expect(device.memory()).toMatchObject(NOTHING);
  });

  it("leaves no tensor and no file when cancelled anywhere", { timeout: 120_000 }, async () => {
    const { run, left } = open({ threads: 2 });
    const whole = performance.now();
    await run([...SMALL, "sampler.seed=1000"]);
    const milliseconds = performance.now() - whole;
    const before = filesOf(settings.outputFolder).length;
    let cancelled = 0;
    let finished = 0;
    for (const [i, place] of randomArray(30, 7).entries()) {
      const cancelAt = ((place + 1) / 2) * milliseconds;
      const last = await run([...SMALL, `sampler.seed=${i}`, `Prompt.text=${i}`], { cancelAt });
      expect(last.type).toMatch(/^job_(cancelled|finished)$/);
      if (last.type === "job_cancelled") cancelled++;
      else finished++;
      expect(left()).toEqual(NOTHING);
    }
    expect(cancelled).toBeGreaterThan(5);
    const files = filesOf(settings.outputFolder);
    expect(files.length - before).toBeLessThanOrEqual(finished);
    expect(files.filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("leaves no tensor when memory ends anywhere", { timeout: 60_000 }, async () => {
    const outcomes = new Set<string>();
    for (let memoryLimit = 2 ** 16; memoryLimit < 2 ** 25; memoryLimit *= 1.5) {
      const { run, left } = open({ threads: 2, memoryLimit: Math.round(memoryLimit) });
      const last = await run(SMALL);
      outcomes.add(
        last.type === "job_failed" ? `${last.error.code} ${last.error.nodeId}` : last.type,
      );
      expect(left()).toEqual(NOTHING);
    }
    for (const node of ["sampler", "decode"])
      expect([...outcomes]).toContain(`ERR_OUT_OF_MEMORY ${node}`);
    expect([...outcomes].filter((outcome) => !outcome.startsWith("ERR_OUT_OF_MEMORY"))).toEqual([
      "job_finished",
    ]);
  });

  it("leaves no tensor when a node fails", async () => {
    const { run, left } = open({ threads: 2 });
    const wrong = [...SMALL, "save.filename_prefix=../outside"];
    expect(await run(wrong)).toMatchObject({ type: "job_failed", error: { code: "ERR_FILE" } });
    expect(left()).toEqual(NOTHING);
    const big = [...SMALL, "latent.batch_size=4096", "latent.width=16384", "latent.height=16384"];
    expect(await run(big)).toMatchObject({
      error: { code: "ERR_OUT_OF_MEMORY", nodeId: "latent" },
    });
    expect(left()).toEqual(NOTHING);
  });
});
