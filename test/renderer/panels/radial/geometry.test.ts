import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import { flatGraph, flatName } from "../../../../renderer/panels/radial/flat-graph.ts";
import {
  latentSize,
  maskRequestOf,
  radialGeometry,
  radialNodeOf,
} from "../../../../renderer/panels/radial/geometry.ts";

const examples = join(import.meta.dirname, "../../../../examples");
const example = (name: string): GraphDocument =>
  parseDocument(readFileSync(join(examples, `${name}.json`), "utf8"));

describe("the geometry of a radial node", () => {
  test("reads size, steps and settings of the sampler that the model reaches", () => {
    expect(radialGeometry(example("radial-against-dense"), "radial")).toEqual({
      node: "radial",
      settings: { decay: 0.2, block: 128, denseSteps: 8, lastDenseSteps: 0, denseLayers: 1 },
      sampler: "sparse",
      steps: 30,
      size: { width: 256, height: 256, frames: 33 },
      kind: "wan",
      latent: { spatialFactor: 8, temporalFactor: 4 },
      model: "umbel_tiny_t2v_bf16.safetensors",
    });
  });

  test("is null for nodes without radial attention", () => {
    expect(radialGeometry(example("radial-against-dense"), "dense")).toBeNull();
    expect(radialGeometry(example("radial-against-dense"), "missing")).toBeNull();
  });

  test("follows every published example", () => {
    for (const name of [
      "wan21-14b-radial",
      "wan21-14b-radial-fusionx",
      "wan21-14b-radial-lightx2v",
    ]) {
      const document = example(name);
      const [id] =
        Object.entries(document.nodes).find(([, { type }]) => type.startsWith("RadialAttention")) ??
        [];
      const geometry = radialGeometry(document, id ?? "");
      expect(geometry?.sampler, name).not.toBeNull();
      expect(geometry?.steps, name).toBeGreaterThan(0);
      expect(geometry?.size?.frames, name).toBeGreaterThan(1);
    }
  });

  test("knows the latents of Mochi and of TI2V 5B", () => {
    const mochi = example("mochi-radial");
    const [id] = Object.entries(mochi.nodes).find(([, { type }]) =>
      type.startsWith("RadialAttention"),
    )!;
    const geometry = radialGeometry(mochi, id)!;
    expect(geometry).toMatchObject({
      kind: "hunyuan",
      latent: { spatialFactor: 8, temporalFactor: 6 },
      size: { width: 848, height: 480, frames: 163 },
    });
    expect(maskRequestOf(geometry)).toMatchObject({ kind: "hunyuan", temporalFactor: 6 });
    const wan = example("wan21-14b-radial");
    for (const node of Object.values(wan.nodes))
      if ("unet_name" in node.values) node.values["unet_name"] = "wan2.2_ti2v_5B_fp16.safetensors";
    const [radial] = Object.entries(wan.nodes).find(([, { type }]) =>
      type.startsWith("RadialAttention"),
    )!;
    expect(radialGeometry(wan, radial)?.latent).toEqual({ spatialFactor: 16, temporalFactor: 4 });
  });

  test("has no size without a latent, and follows it once there is one", () => {
    const document = example("radial-against-dense");
    const cut = {
      ...document,
      links: document.links.filter(({ to }) => to[1] !== "latent_image"),
    };
    const geometry = radialGeometry(cut, "radial");
    expect(geometry).toMatchObject({ sampler: "sparse", size: null });
    expect(geometry && maskRequestOf(geometry)).toBeNull();
  });

  test("takes values from linked value nodes, and says nothing where a link hides them", () => {
    const document = example("radial-against-dense");
    const linked = (type: string, values: Record<string, number>): GraphDocument => ({
      ...document,
      nodes: { ...document.nodes, given: { type, values } },
      links: [...document.links, { from: ["given", "FLOAT"], to: ["radial", "decay_factor"] }],
    });
    expect(
      radialGeometry(linked("PrimitiveFloat", { value: 0.45 }), "radial")?.settings.decay,
    ).toBe(0.45);
    expect(radialGeometry(linked("SomethingElse", {}), "radial")).toBeNull();
  });

  test("rounds a length down to whole latent frames", () => {
    const document = example("radial-against-dense");
    document.nodes["latent"]!.values["length"] = 80;
    expect(latentSize(document, "sparse")).toEqual({ width: 256, height: 256, frames: 77 });
  });

  test("refuses sizes that no mask has", () => {
    const document = example("radial-against-dense");
    document.nodes["latent"]!.values["width"] = 8;
    expect(latentSize(document, "sparse")).toBeNull();
  });

  test("goes through guiders and scheduler nodes", () => {
    const document = parseDocument({
      umbel: 1,
      nodes: {
        model: { type: "UNETLoader", values: { unet_name: "hunyuan_video.safetensors" } },
        radial: {
          type: "RadialAttention",
          values: { decay_factor: 0.5, block_size: 64, dense_steps: 2, dense_layers: 0 },
        },
        guider: { type: "CFGGuider", values: {} },
        sigmas: { type: "BasicScheduler", values: { steps: 12 } },
        size: { type: "EmptyHunyuanLatentVideo", values: { width: 64, height: 32, length: 9 } },
        sampler: { type: "SamplerCustomAdvanced", values: {} },
      },
      links: [
        { from: ["model", "MODEL"], to: ["radial", "model"] },
        { from: ["radial", "MODEL"], to: ["guider", "model"] },
        { from: ["guider", "GUIDER"], to: ["sampler", "guider"] },
        { from: ["sigmas", "SIGMAS"], to: ["sampler", "sigmas"] },
        { from: ["size", "LATENT"], to: ["sampler", "latent_image"] },
      ],
    });
    expect(radialGeometry(document, "radial")).toMatchObject({
      sampler: "sampler",
      steps: 12,
      kind: "hunyuan",
      size: { width: 64, height: 32, frames: 9 },
    });
    expect(radialNodeOf(document, "sampler")).toBe("radial");
  });

  test("ends on cycles", () => {
    const document = parseDocument({
      umbel: 1,
      nodes: {
        radial: { type: "RadialAttention", values: {} },
        lora: { type: "LoraLoaderModelOnly", values: {} },
      },
      links: [
        { from: ["radial", "MODEL"], to: ["lora", "model"] },
        { from: ["lora", "MODEL"], to: ["radial", "model"] },
      ],
    });
    expect(radialGeometry(document, "radial")?.sampler).toBeNull();
    expect(radialNodeOf(document, "lora")).toBe("radial");
  });
});

test("a sampler without radial attention upstream has no radial node", () => {
  expect(radialNodeOf(example("radial-against-dense"), "dense")).toBeNull();
  expect(radialNodeOf(example("radial-against-dense"), "sparse")).toBe("radial");
});

describe("classes of ComfyUI's extensions", () => {
  const withClass = (type: string, values: Record<string, number | string>): GraphDocument => {
    const document = example("radial-against-dense");
    return { ...document, nodes: { ...document.nodes, radial: { type, values } } };
  };

  test.each([
    ["PatchRadialAttn", {}, { denseSteps: 1, lastDenseSteps: 1, denseLayers: 1 }],
    [
      "PatchRadialAttn",
      { dense_timestep: 5, last_dense_timestep: 0, dense_block: 2, decay_factor: 0.5 },
      { denseSteps: 5, lastDenseSteps: 0, denseLayers: 2, decay: 0.5 },
    ],
    ["PatchRadialAttention", {}, { denseSteps: 2, denseLayers: 2 }],
    [
      "PatchRadialAttention",
      { dense_layers: "0, 1, 5", block_size: 64 },
      { denseLayers: 3, block: 64 },
    ],
  ] as const)("%s with %j", (type, values, settings) => {
    expect(radialGeometry(withClass(type, values), "radial")).toMatchObject({
      sampler: "sparse",
      settings,
      size: { width: 256, height: 256, frames: 33 },
    });
  });

  test("the wrapper's nodes", () => {
    const document = parseDocument({
      umbel: 1,
      nodes: {
        loader: { type: "WanVideoModelLoader", values: { model: "wan.safetensors" } },
        radial: { type: "WanVideoSetRadialAttention", values: { dense_blocks: 3 } },
        size: {
          type: "WanVideoEmptyEmbeds",
          values: { width: 832, height: 480, num_frames: 81 },
        },
        sampler: { type: "WanVideoSampler", values: { steps: 30 } },
      },
      links: [
        { from: ["loader", "model"], to: ["radial", "model"] },
        { from: ["radial", "model"], to: ["sampler", "model"] },
        { from: ["size", "image_embeds"], to: ["sampler", "image_embeds"] },
      ],
    });
    expect(radialGeometry(document, "radial")).toEqual({
      node: "radial",
      settings: { decay: 0.2, block: 128, denseSteps: 2, lastDenseSteps: 0, denseLayers: 3 },
      sampler: "sampler",
      steps: 30,
      size: { width: 832, height: 480, frames: 81 },
      kind: "wan",
      latent: { spatialFactor: 8, temporalFactor: 4 },
      model: "wan.safetensors",
    });
  });
});

test("through subgraphs: the node inside, its sampler and size outside", () => {
  const document = example("radial-against-dense");
  const { radial, ...others } = document.nodes;
  const folded: GraphDocument = {
    ...document,
    nodes: { ...others, block: { type: "subgraph:fast", values: {} } },
    links: document.links.map((link) => ({
      ...link,
      from: link.from[0] === "radial" ? ["block", "out"] : link.from,
      to: link.to[0] === "radial" ? ["block", "in"] : link.to,
    })),
    subgraphs: {
      fast: {
        title: "Fast",
        inputs: [{ name: "in", type: "MODEL" }],
        outputs: [{ name: "out", type: "MODEL" }],
        nodes: { radial: radial! },
        links: [
          { from: ["$in", "in"], to: ["radial", "model"] },
          { from: ["radial", "MODEL"], to: ["$out", "out"] },
        ],
      },
    },
  };
  const flat = flatGraph(folded);
  expect(flatGraph(folded)).toBe(flat);
  const name = flatName(flat, "radial")!;
  expect(radialGeometry(flat, name)).toMatchObject({
    sampler: "sparse",
    steps: 30,
    size: { width: 256, height: 256, frames: 33 },
    model: "umbel_tiny_t2v_bf16.safetensors",
  });
  expect(radialNodeOf(flat, "sparse")).toBe(name);
  expect(flatGraph(document)).toBe(document);
});
