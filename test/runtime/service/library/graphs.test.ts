import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blockCount, density } from "#runtime/attention/csr";
import { radialMask } from "#runtime/attention/radial";
import { parseDocument } from "#runtime/graph/document";
import { contract } from "#runtime/protocol/contract";
import { libraryHandlers } from "#runtime/service/library/handlers";
import type { LibraryHandlers } from "#runtime/service/library/methods";
import { writePng } from "#runtime/media/pictures";
import { comfyGraph, comfyNode } from "../../../helpers/comfy.ts";
import { testContext, type TestLibrary } from "../../../helpers/library.ts";
import { ROOT, TEXT_TO_VIDEO } from "../../../helpers/umbel-process.ts";

const example = parseDocument(readFileSync(TEXT_TO_VIDEO, "utf8"));
const radial = parseDocument(readFileSync(join(ROOT, "examples/wan21-14b-radial.json"), "utf8"));
let library: TestLibrary;
let calls: LibraryHandlers & AsyncDisposable;

beforeAll(async () => {
  library = await testContext();
  calls = libraryHandlers(library.context);
});
afterAll(async () => {
  await calls[Symbol.asyncDispose]();
});

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const mask = (parts: object) =>
  contract["graph.mask"].params.parse({
    kind: "wan",
    width: 1280,
    height: 768,
    frames: 69,
    decay: 0.2,
    block: 128,
    ...parts,
  });

it("lists every node as the contract describes it", async () => {
  const nodes = contract["nodes.list"].result.parse(await calls["nodes.list"]({}));
  expect(nodes.length).toBeGreaterThan(40);
  expect(nodes.map(({ type }) => type)).toContain("RadialAttention");
});

describe("graph.check", () => {
  it("finds nothing in an example, and files that are not there", async () => {
    expect(await calls["graph.check"]({ document: example })).toEqual([]);
    const found = await calls["graph.check"]({ document: radial });
    expect(found.map(({ code }) => code)).toContain("missing_file");
    const changed = structuredClone(example) as typeof example;
    changed.nodes["load"] = { type: "LoadImage", values: { image: "none.png" } };
    expect(await calls["graph.check"]({ document: changed })).toMatchObject([
      { code: "missing_file", node: "load", socket: "image" },
    ]);
  });
});

describe("graph.plan", () => {
  it("counts a full-size graph without its files, once", async () => {
    const before = performance.now();
    const report = await calls["graph.plan"]({ document: radial });
    const whole = performance.now() - before;
    expect(contract["graph.plan"].result.parse(report)).toEqual(report);
    expect(report.assumed.map(({ model }) => model)).toContain("Wan 14B");
    expect(report.flops / report.denseFlops).toBeCloseTo(0.629, 3);
    expect(report.seconds).toBeNull();
    const start = performance.now();
    const moved = structuredClone(radial) as typeof radial;
    for (const node of Object.values(moved.nodes)) node.at = [1, 2];
    expect(await calls["graph.plan"]({ document: moved })).toEqual(report);
    expect(performance.now() - start).toBeLessThan(whole / 4);
  }, 60_000);

  it("takes only what the targets need", async () => {
    const all = await calls["graph.plan"]({ document: example });
    const prompt = all.stages.find(({ title }) => title === "Prompt")?.node ?? "";
    const part = await calls["graph.plan"]({ document: example, targets: [prompt] });
    expect(part.flops).toBeLessThan(all.flops / 100);
    await expect(
      calls["graph.plan"]({ document: example, targets: ["nobody"] }),
    ).rejects.toMatchObject({ code: "ERR_NODE" });
  });

  it("ends with its view's next plan and with its client, and leaves the event loop alone", async () => {
    const slow = structuredClone(radial) as typeof radial;
    for (const node of Object.values(slow.nodes))
      if (node.type === "RadialAttentionSampler" || node.type === "KSampler")
        node.values["steps"] = 4000;
    const first = calls["graph.plan"]({ document: slow, slot: "view" });
    const refused = expect(first).rejects.toMatchObject({ code: "ERR_INTERRUPTED" });
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    await new Promise((resolve) => setTimeout(resolve, 300));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
    const second = await calls["graph.plan"]({ document: example, slot: "view" });
    await refused;
    expect(second.flops).toBeGreaterThan(0);
    const leaving = AbortSignal.timeout(100);
    await expect(calls["graph.plan"]({ document: slow }, leaving)).rejects.toMatchObject({
      code: "ERR_INTERRUPTED",
    });
  });

  it("says a graph's problems as a run would", async () => {
    const broken = parseDocument({ umbel: 1, nodes: { a: { type: "KSampler", values: {} } } });
    await expect(calls["graph.plan"]({ document: broken })).rejects.toMatchObject({
      code: "ERR_VALIDATION",
    });
  });
});

describe("graph.mask", () => {
  it("is the mask block by block, with its figures", async () => {
    const report = await calls["graph.mask"](mask({}));
    expect(contract["graph.mask"].result.parse(report)).toEqual(report);
    const made = radialMask({
      tokensPerFrame: 3840,
      frames: 18,
      textTokens: 0,
      decayFactor: 0.2,
      blockSize: 128,
      kind: "wan",
    });
    expect(report).toMatchObject({
      blocks: blockCount(made),
      tokens: 69_120,
      tokensPerFrame: 3840,
      latentFrames: 18,
      density: density(made),
      stepFlopShare: null,
      layers: null,
    });
    expect(report.kept.reduce((sum, kept) => sum + kept, 0)).toBe(made.col.length);
    const [query, key] = [100, made.col[made.rowPtr[100] ?? 0] ?? 0];
    expect(report.kept[query * report.blocks + key]).toBe(1);
  });

  it("counts the tokens of Mochi's latents, and a step's share", async () => {
    const parts = { kind: "hunyuan", width: 848, height: 480, frames: 163, temporalFactor: 6 };
    const model = "mochi_preview_bf16.safetensors";
    const report = await calls["graph.mask"](mask({ ...parts, model, denseLayers: 1 }));
    expect(report).toMatchObject({ latentFrames: 28, tokensPerFrame: 30 * 53, layers: 48 });
    expect(report.stepFlopShare).toBeGreaterThan(report.attentionShare);
    expect(report.stepFlopShare).toBeLessThan(1);
    const { spatialFactor, ...usual } = mask({ spatialFactor: 16 });
    expect(await calls["graph.mask"]({ ...usual, spatialFactor })).toMatchObject({
      tokensPerFrame: 24 * 40,
    });
  });

  it("says a step's share as a plan's sampler does", async () => {
    const document = structuredClone(radial) as typeof radial;
    const sampler = Object.values(document.nodes).find(
      ({ type }) => type === "RadialAttentionSampler",
    );
    Object.assign(sampler?.values ?? {}, { steps: 2, dense_steps: 0, dense_layers: 1 });
    const plan = await calls["graph.plan"]({ document });
    const stage = plan.stages.toSorted((a, b) => b.flops - a.flops)[0];
    const dense = (stage?.flops ?? 0) + plan.denseFlops - plan.flops;
    const model = "wan2.1_t2v_14B_bf16.safetensors";
    const report = await calls["graph.mask"](mask({ model, denseLayers: 1 }));
    expect(report.stepFlopShare).toBeCloseTo((stage?.flops ?? 0) / dense, 3);
    expect(report.layers).toBe(40);
    const tiny = await calls["graph.mask"](
      mask({ model: "umbel_tiny_t2v_bf16.safetensors", width: 256, height: 256, frames: 33 }),
    );
    expect(tiny.stepFlopShare).toBeLessThan(1);
    expect((await calls["graph.mask"](mask({ model: "nobody's.gguf" }))).stepFlopShare).toBeNull();
    expect((await calls["graph.mask"](mask({ model, kind: "hunyuan" }))).stepFlopShare).toBeNull();
  });

  it("refuses what cannot be shown", async () => {
    const huge = mask({ width: 16384, height: 16384, frames: 4097 });
    await expect(calls["graph.mask"](huge)).rejects.toMatchObject({
      code: "ERR_INVALID_ARGUMENT",
    });
    expect(contract["graph.mask"].params.safeParse({ ...mask({}), decay: 2 }).success).toBe(false);
  });
});

describe("graph.open and graph.export", () => {
  const graph = comfyGraph([
    comfyNode(3, "EmptyHunyuanLatentVideo", { values: [64, 32, 5, 1] }),
    comfyNode(4, "NobodyKnows", { values: [1] }),
  ]);

  it("reads our documents and ComfyUI's, with notes", async () => {
    const ours = await calls["graph.open"]({
      name: "a.json",
      data: bytes(readFileSync(TEXT_TO_VIDEO, "utf8")),
    });
    expect(ours).toEqual({ document: example, notes: [] });
    const theirs = await calls["graph.open"]({ name: "b", data: bytes(JSON.stringify(graph)) });
    expect(theirs.document.nodes["3"]?.values).toMatchObject({ width: 64, length: 5 });
    expect(theirs.notes).toContainEqual(
      expect.objectContaining({ node: "4", severity: "warning" }),
    );
    const { text } = await calls["graph.export"]({ document: theirs.document, format: "graph" });
    expect(JSON.parse(text)).toEqual(graph);
    const api = await calls["graph.export"]({ document: theirs.document, format: "api" });
    expect(JSON.parse(api.text)).toMatchObject({
      "3": { class_type: "EmptyHunyuanLatentVideo", inputs: { width: 64 } },
    });
  });

  it("reads the graph inside a picture, whatever the file is called", async () => {
    const path = join(library.folder, "picture.png");
    const frames = {
      data: new Float32Array(3),
      count: 1,
      width: 1,
      height: 1,
      channels: 3,
    } as const;
    await writePng(path, frames, 0, { umbel: readFileSync(TEXT_TO_VIDEO, "utf8") });
    copyFileSync(path, join(library.folder, "picture.txt"));
    const data = new Uint8Array(readFileSync(path));
    expect((await calls["graph.open"]({ name: "picture.txt", data })).document).toEqual(example);
    writeFileSync(join(library.folder, "bare.png"), "");
    await writePng(path, frames, 0, {});
    await expect(
      calls["graph.open"]({ name: "bare.png", data: new Uint8Array(readFileSync(path)) }),
    ).rejects.toThrow("Expected a graph embedded in bare.png, got none.");
  });

  it.each([
    ["nothing", ""],
    ["text", "hello"],
    ["another object", '{"a":1}'],
    ["a list", "[]"],
    ["JPEG", "\u00ff\u00d8\u00ff\u00e0"],
    ["half a PNG", "\u0089PNG\r\n\u001a\n\u0000\u0000"],
    ["half a WebM", "\u001a\u0045\u00df\u00a3\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000"],
    ["half an MP4", "\u0000\u0000\u0000\u0018ftypisom\u0000\u0000"],
    ["depth", "[".repeat(5000)],
  ])("refuses %s with words", async (_name, content) => {
    const data = Uint8Array.from(content, (char) => char.charCodeAt(0));
    await expect(calls["graph.open"]({ name: "x", data })).rejects.toThrow(/^Expected /);
  });
});
