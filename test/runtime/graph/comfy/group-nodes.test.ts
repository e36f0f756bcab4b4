import { describe, expect, it } from "vitest";
import type { JsonObject } from "#runtime/graph/comfy/comfy-json";
import {
  again,
  comfyGraph,
  comfyNode,
  input,
  inputsOf,
  output,
  promptOf,
  read,
  reasons,
  trip,
  written,
} from "../../../helpers/comfy.ts";

const part = (type: string, parts: JsonObject): JsonObject => ({ ...comfyNode(-1, type, parts) });

/** A latent into a sampler; the sampler's latent is shown as an output, its model as an input. */
const GROUP: JsonObject = {
  nodes: [
    part("Latent", { values: [64, 64], outputs: [output("LATENT")] }),
    part("Sample", {
      values: [1, "fixed", 20, 8, "euler"],
      inputs: [
        input("model", "MODEL"),
        input("positive", "CONDITIONING"),
        input("latent", "LATENT"),
      ],
      outputs: [output("LATENT")],
    }),
  ],
  links: [[0, 0, 1, 2, 1, "LATENT"]],
  external: [[1, 0, "LATENT"]],
  config: {},
};

function graphOf(hosts: readonly JsonObject[], group = GROUP): JsonObject {
  const load = comfyNode(1, "Load", {
    values: ["a.safetensors"],
    outputs: [output("MODEL", [1]), output("CLIP"), output("VAE")],
  });
  const save = comfyNode(3, "Save", { values: ["x"], inputs: [input("samples", "LATENT", 2)] });
  return comfyGraph(
    [load, ...hosts, save],
    [
      [1, 1, 0, 2, 0, "MODEL"],
      [2, 2, 0, 3, 0, "LATENT"],
    ],
    { extra: { groupNodes: { twins: group } } },
  );
}

const host = (
  id: number,
  values: readonly (number | string)[],
  type = "workflow>twins",
): JsonObject =>
  comfyNode(id, type, {
    values,
    inputs: [input("model", "MODEL", id === 2 ? 1 : null), input("positive", "CONDITIONING")],
    outputs: [output("LATENT", id === 2 ? [2] : [])],
  });

describe("legacy group nodes", () => {
  it.each(["workflow>twins", "workflow/twins"])("%s becomes a subgraph with its values", (type) => {
    const graph = graphOf([host(2, [128, 96, 5, "randomize", 30, 7, "heun"], type)]);
    expect(promptOf(graph)).toEqual({
      1: { name: "a.safetensors" },
      "2:0": { width: 128, height: 96 },
      "2:1": { seed: 5, steps: 30, cfg: 7, sampler: "heun", model: ["1", 0], latent: ["2:0", 0] },
      3: { prefix: "x", samples: ["2:1", 0] },
    });
    expect(reasons(graph)).toEqual(['2: Expanded the group node "twins" to a subgraph.']);
    expect(again(graph)).toEqual(graph);
  });

  it("two of them have values of their own", () => {
    const graph = graphOf([
      host(2, [1, 2, 3, "fixed", 4, 5, "euler"]),
      host(4, [6, 7, 8, "fixed", 9, 1, "heun"]),
    ]);
    const prompt = promptOf(graph);
    expect(prompt["2:0"]).toEqual({ width: 1, height: 2 });
    expect(prompt["4:0"]).toEqual({ width: 6, height: 7 });
    expect(again(graph)).toEqual(graph);
  });

  it("hidden widgets have no value on the node", () => {
    const config = { 0: { input: { width: { visible: false } } } };
    const graph = graphOf([host(2, [96, 5, "fixed", 30, 7, "heun"])], { ...GROUP, config });
    expect(promptOf(graph)["2:0"]).toEqual({ width: 64, height: 96 });
    expect(promptOf(graph)["2:1"]).toMatchObject({ seed: 5, steps: 30 });
  });

  it("one that was changed goes out as a subgraph with the same meaning", () => {
    const graph = graphOf([host(2, [128, 96, 5, "randomize", 30, 7, "heun"])]);
    const document = structuredClone(trip(read(graph).document));
    const inner = Object.values(document.subgraphs ?? {})[0]?.nodes["0"];
    if (inner === undefined) throw new Error("Expected the latent.");
    inner.values["width"] = 256;
    const prompt = promptOf(written(document));
    expect(prompt).toEqual(inputsOf(document));
    expect(prompt["2:0"]).toEqual({ width: 256, height: 96 });
  });

  it("one without a definition is an unknown node", () => {
    const graph = graphOf([host(2, [], "workflow>other")]);
    expect(reasons(graph)[0]).toContain('The node type "workflow>other" is not known');
    expect(again(graph)).toEqual(graph);
  });
});
