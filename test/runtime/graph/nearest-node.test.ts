import { beforeAll, describe, expect, it } from "vitest";
import { join } from "node:path";
import { loadNodes, type NodeRegistry } from "#runtime/engine/node-registry";
import { descriptionFacts } from "#runtime/graph/comfy/description-facts";
import { importComfy } from "#runtime/graph/comfy/import";
import { parseDocument } from "#runtime/graph/document";
import { nearestNode } from "#runtime/graph/nearest-node";
import { resolveGraph } from "#runtime/graph/resolve";
import { socketLookup, validateDocument } from "#runtime/graph/validate";
import { comfyGraph, comfyNode, input, output } from "../../helpers/comfy.ts";
import { ROOT } from "../../helpers/umbel-process.ts";

let registry: NodeRegistry;
beforeAll(async () => {
  registry = await loadNodes([join(ROOT, "nodes")]);
});

interface Sockets {
  readonly in?: readonly string[];
  readonly out?: readonly string[];
  readonly values?: readonly string[];
}

/** The nearest for a node alone, with sockets as a file of ComfyUI lists them. */
function nearestOf(type: string, { in: ins = [], out = [], values = [] }: Sockets): string | null {
  const raw = comfyNode(1, type, {
    inputs: [
      ...ins.map((socket) => input(socket.toLowerCase(), socket)),
      ...values.map((name) => ({ ...input(name, "INT"), widget: { name } })),
    ],
    outputs: out.map((socket) => output(socket)),
    values: values.map(() => 1),
  });
  const facts = descriptionFacts(registry.descriptions);
  const { document } = importComfy(JSON.stringify(comfyGraph([raw])), facts);
  const graph = resolveGraph(document, socketLookup(registry.descriptions));
  const node = graph.get("1");
  if (node === undefined) throw new Error("the node");
  return nearestNode(node, graph, registry.descriptions)?.type ?? null;
}

describe("the nearest node", () => {
  it.each<readonly [string, Sockets, string | null]>([
    ["UnetLoaderGGUFAdvanced", { out: ["MODEL"], values: ["unet_name"] }, "UnetLoaderGGUF"],
    ["CLIPLoaderGGUFMultiGPU", { out: ["CLIP"], values: ["clip_name", "type"] }, "CLIPLoaderGGUF"],
    [
      "KSampler (Efficient)",
      {
        in: ["MODEL", "CONDITIONING", "CONDITIONING", "LATENT"],
        out: ["LATENT"],
        values: ["seed", "steps", "cfg", "sampler_name", "scheduler", "denoise"],
      },
      "KSampler",
    ],
    [
      "CLIPTextEncodeFlux",
      { in: ["CLIP"], out: ["CONDITIONING"], values: ["text"] },
      "CLIPTextEncode",
    ],
    [
      "LoraLoaderModelOnlyPlus",
      { in: ["MODEL"], out: ["MODEL"], values: ["lora_name"] },
      "LoraLoaderModelOnly",
    ],
    // What it is called like does not give what it gives.
    ["VAEDecodeAudio", { in: ["LATENT", "VAE"], out: ["AUDIO"] }, null],
    ["AnimateDiffLoader", { in: ["MODEL"], out: ["M_MODELS"] }, null],
    ["NobodyKnows", {}, null],
  ])("of %s", (type, sockets, expected) => {
    expect(nearestOf(type, sockets)).toBe(expected);
  });

  it("follows what the graph takes from it where no file lists its sockets", () => {
    const document = parseDocument({
      umbel: 1,
      nodes: {
        a: { type: "EmptyLatentVideo16Channels", values: { width: 64, height: 64 } },
        b: { type: "VAEDecode", values: {} },
      },
      links: [{ from: ["a", "output 0"], to: ["b", "samples"] }],
    });
    const { problems } = validateDocument(document, registry.descriptions);
    const problem = problems.find(({ code }) => code === "unknown_node_type");
    expect(problem).toMatchObject({ nearest: "EmptyHunyuanLatentVideo" });
    expect(problem?.message).toContain(
      "The nearest is EmptyHunyuanLatentVideo (Empty video latent).",
    );
  });

  it("takes a name that a class says it stands for", () => {
    expect(nearestOf("sparse", { in: ["MODEL"], out: ["MODEL"] })).toBe("RadialAttention");
  });
});
