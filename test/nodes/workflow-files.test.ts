/** Workflows that people share, with the bundled model's files and at a small size. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openGraphBytes } from "#runtime/engine/open-graph";
import { descriptionFacts } from "#runtime/graph/comfy/description-facts";
import { formatDocument } from "#runtime/graph/comfy/format-document";
import { objectInfoFacts } from "#runtime/graph/comfy/object-info";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import type { JobEvent } from "#runtime/protocol/events";
import { FILES, GraphRunner, resultsOf } from "../helpers/graph-runs.ts";
import { NO_SHARED, sharedDir, sharedJson, sharedPath } from "../helpers/shared.ts";

let runner: GraphRunner;
beforeAll(async () => {
  runner = await GraphRunner.start();
});
afterAll(() => runner[Symbol.asyncDispose]());

const facts = () => descriptionFacts(runner.open.registry.descriptions);

/** The document with the bundled model's files, and other values by node type. */
function changed(
  document: GraphDocument,
  values: Readonly<Record<string, Readonly<Record<string, Json>>>>,
): GraphDocument {
  const copy = parseDocument(JSON.stringify(document));
  for (const node of Object.values(copy.nodes)) {
    for (const { name, folder: kind, options = [] } of runner.open.registry.descriptions.get(
      node.type,
    )?.inputs ?? []) {
      const file = FILES[kind as keyof typeof FILES] as string | undefined;
      const isNamed =
        node.values[name] !== undefined && !options.includes(node.values[name] as string);
      if (file !== undefined && isNamed) node.values[name] = file;
    }
    Object.assign(node.values, values[node.type] ?? {});
  }
  return copy;
}

const warningsOf = (events: readonly JobEvent[]) =>
  events.flatMap((event) => (event.type === "node_warning" ? [event.message] : []));

const workflows = (name: string) => sharedPath(`comfyui/workflows/${name}`);

describe.skipIf(sharedDir() === null)(`files of others (${NO_SHARED})`, () => {
  const read = async (name: string) => {
    const bytes = readFileSync(workflows(name));
    return { bytes, ...(await openGraphBytes(name, bytes, facts())) };
  };
  const TEMPLATE = "examples__wan_text_to_video_wan.json";
  const WRAPPER_FILE = "kijai_wrapper__wanvideo_T2V_example_03.json";
  const SMALL = {
    EmptyHunyuanLatentVideo: { width: 64, height: 64, length: 5 },
    KSampler: { steps: 2 },
    WanVideoEmptyEmbeds: { width: 64, height: 64, num_frames: 5 },
    WanVideoSampler: { steps: 2 },
    SaveAnimatedWEBP: { filename_prefix: "template" },
  };

  it("the template of Wan 2.1 runs with the bundled model", async () => {
    const { document } = await read(TEMPLATE);
    const events = await runner.run(changed(document, SMALL));
    expect(resultsOf(events)).toMatchObject([{ kind: "image", frames: 5, width: 64, height: 64 }]);
  }, 60_000);

  /** With a node between an input and what feeds it. */
  function between(
    document: GraphDocument,
    [node, socket]: readonly [string, string],
    type: string,
    values: Record<string, Json>,
    output: string,
  ): GraphDocument {
    const copy = parseDocument(JSON.stringify(document));
    const link = copy.links.find(({ to }) => to[0] === node && to[1] === socket);
    if (link === undefined) throw new Error(`no link into ${node}.${socket}`);
    copy.nodes["between"] = { type, values };
    copy.links.push({ from: link.from, to: ["between", "model"] });
    link.from = ["between", output];
    return copy;
  }

  it.each(["PatchRadialAttn", "PatchRadialAttention"])(
    "so it does with %s in it",
    async (type) => {
      const { document } = await read(TEMPLATE);
      const radial = between(document, ["48", "model"], type, {}, "MODEL");
      const events = await runner.run(changed(radial, SMALL));
      expect(events.at(-1)).toMatchObject({ type: "job_finished" });
    },
    60_000,
  );

  it.each([
    ["lcm", 5],
    ["euler", 8],
  ])(
    "so it does with a distilled LoRA, 4 steps of %s without guidance",
    async (sampler_name, shift) => {
      const { document } = await read(TEMPLATE);
      const values = { lora_name: "lightx2v_rank64.safetensors", strength_model: 1 };
      const fast = between(document, ["48", "model"], "LoraLoaderModelOnly", values, "MODEL");
      const events = await runner.run(
        changed(fast, {
          ...SMALL,
          KSampler: { steps: 4, cfg: 1, sampler_name },
          ModelSamplingSD3: { shift },
        }),
      );
      expect(resultsOf(events)).toMatchObject([{ kind: "image", frames: 5 }]);
      const sampler = events.find(
        (event) => event.type === "node_finished" && event.nodeType === "KSampler",
      );
      expect(sampler).toMatchObject({ steps: 4 });
    },
    60_000,
  );

  it.each([
    [TEMPLATE, "image"],
    [WRAPPER_FILE, "video"],
  ])(
    "%s runs in its API form too",
    async (name, kind) => {
      const path = sharedPath(`comfyui/api/${name}`);
      const { document } = await openGraphBytes(name, readFileSync(path), facts());
      // Another seed: the same work would come from the cache.
      const other = { KSampler: { steps: 2, seed: "9" }, WanVideoSampler: { steps: 2, seed: "9" } };
      const events = await runner.run(changed(document, { ...SMALL, ...other }));
      expect(resultsOf(events)).toMatchObject([{ kind, frames: 5, width: 64, height: 64 }]);
    },
    60_000,
  );

  it("the nearest of ours is offered for what is not here", async () => {
    const { document } = await read(TEMPLATE);
    const copy = parseDocument(JSON.stringify(document));
    const foreign = { "3": "KSamplerEfficient", "28": "SaveAnimatedWEBPPlus" };
    for (const [id, type] of Object.entries(foreign)) copy.nodes[id] = { ...copy.nodes[id]!, type };
    const { problems } = runner.open.engine.validate(copy);
    const offered = problems.filter(({ code }) => code === "unknown_node_type");
    expect(offered).toMatchObject([
      { node: "3", nearest: "KSampler", message: expect.stringContaining("KSampler") },
      { node: "28", nearest: "SaveAnimatedWEBP" },
    ]);
  });

  it("a workflow of WanVideoWrapper runs with the bundled model", async () => {
    const { document, report } = await read(WRAPPER_FILE);
    expect(report.filter(({ severity }) => severity === "warning")).toEqual([]);
    const small = changed(document, SMALL);
    expect(runner.open.engine.validate(small).problems).toEqual([]);
    const events = await runner.run(small);
    const [result] = resultsOf(events);
    expect(result).toMatchObject({ kind: "video", frames: 5, fps: 16 });
    expect(warningsOf(events)).toContain("Enhance-A-Video is not made here: sampled without it.");
  }, 60_000);

  it("so it does with radial attention and the text encoding of ComfyUI's own nodes", async () => {
    const { document } = await read(WRAPPER_FILE);
    const values = { dense_blocks: 1, dense_timesteps: 0, block_size: 64 };
    const type = "WanVideoSetRadialAttention";
    const radial = between(document, ["27", "model"], type, values, "model");
    // Its notes say how: the muted nodes in place of the wrapper's own.
    for (const id of ["46", "48", "49", "50"]) delete radial.nodes[id]?.state;
    const text = radial.links.find(({ to }) => to[0] === "27" && to[1] === "text_embeds");
    if (text !== undefined) text.from = ["46", "text_embeds"];
    const loader = { WanVideoModelLoader: { attention_mode: "radial_sage_attention" } };
    const events = await runner.run(changed(radial, { ...SMALL, ...loader }));
    expect(resultsOf(events)).toMatchObject([{ kind: "video", frames: 5, fps: 16 }]);
    const ran = events.flatMap((event) => (event.type === "node_finished" ? [event.nodeType] : []));
    expect(ran).toEqual(expect.arrayContaining([type, "WanVideoTextEmbedBridge", "CLIPLoader"]));
    expect(ran).not.toContain("WanVideoTextEncode");
  }, 60_000);

  it("a switch that an old file left empty is off", async () => {
    const { document } = await read("kijai_wrapper__wanvideo2_2_I2V_A14B_example_WIP.json");
    expect(document.nodes["27"]?.values["add_noise_to_samples"]).toBe("");
    const { problems } = runner.open.engine.validate(document);
    expect(problems.filter(({ node, severity }) => node === "27" && severity === "error")).toEqual(
      [],
    );
  });

  it.each([
    WRAPPER_FILE,
    "nunchaku_pr443__wan_2.1_i2v_14B.json",
    "examples__wan_text_to_video_wan.json",
  ])("%s goes back unharmed", async (name) => {
    const { document, bytes } = await read(name);
    const trip = parseDocument(JSON.stringify(document));
    expect(JSON.parse(formatDocument(trip, "graph", facts()))).toEqual(
      JSON.parse(bytes.toString("utf8")),
    );
  });

  it("every input that ComfyUI's packs describe for these classes has its name and place here", () => {
    const described = objectInfoFacts(
      sharedJson("comfyui/object_info_custom_wanvideowrapper_vhs_radial.json"),
    );
    let compared = 0;
    for (const [type, own] of runner.open.registry.descriptions) {
      const theirs = described.get(type);
      if (theirs === undefined) continue;
      compared++;
      const widgets = theirs.inputs.filter(({ widget }) => widget !== undefined);
      const names = new Set(widgets.map(({ name }) => name));
      const mine = own.inputs.filter(({ kind, name }) => kind !== "socket" && names.has(name));
      expect(
        mine.map(({ name }) => name),
        type,
      ).toEqual(widgets.map(({ name }) => name));
      expect(
        own.outputs.map(({ name }) => name),
        type,
      ).toEqual(theirs.outputs.map(({ name }) => name));
      for (const { name, widget } of widgets) {
        const input = own.inputs.find((candidate) => candidate.name === name);
        if (type === "VHS_VideoCombine" && name === "format") continue;
        if (input?.kind === "file" || widget?.default === undefined) continue;
        expect(input?.default, `${type}.${name}`).toEqual(
          input?.kind === "seed" ? JSON.stringify(widget.default) : widget.default,
        );
      }
    }
    expect(compared).toBeGreaterThan(18);
  });
});
