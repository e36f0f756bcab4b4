import { describe, expect, it } from "vitest";
import type { Json } from "#runtime/graph/json";
import { listOf, objectOf, type JsonObject } from "#runtime/graph/comfy/comfy-json";
import {
  again,
  comfyGraph,
  comfyNode,
  input,
  output,
  promptOf,
  read,
  trip,
  inputsOf,
  widgetInput,
  written,
} from "../../../helpers/comfy.ts";

const link = (
  id: number,
  from: readonly [number, number],
  to: readonly [number, number],
  type = "*",
) => ({
  id,
  origin_id: from[0],
  origin_slot: from[1],
  target_id: to[0],
  target_slot: to[1],
  type,
});

function definition(id: string, parts: JsonObject): JsonObject {
  return {
    id,
    version: 1,
    state: { lastGroupId: 0, lastNodeId: 50, lastLinkId: 50, lastRerouteId: 0 },
    revision: 0,
    config: {},
    name: id,
    inputNode: { id: -10, bounding: [0, 0, 120, 80] },
    outputNode: { id: -20, bounding: [700, 0, 120, 60] },
    widgets: [],
    groups: [],
    extra: {},
    ...parts,
  };
}

/** Inputs "clip" and "text" (a widget inside), output CONDITIONING. */
const ENCODE = definition("U", {
  inputs: [
    { id: "i0", name: "clip", type: "CLIP", linkIds: [1] },
    { id: "i1", name: "text", type: "STRING", linkIds: [2] },
  ],
  outputs: [{ id: "o0", name: "CONDITIONING", type: "CONDITIONING", linkIds: [3] }],
  nodes: [
    comfyNode(4, "Encode", {
      values: ["inside"],
      inputs: [input("clip", "CLIP", 1), widgetInput("text", "STRING", 2)],
      outputs: [output("CONDITIONING", [3])],
    }),
  ],
  links: [link(1, [-10, 0], [4, 0]), link(2, [-10, 1], [4, 1]), link(3, [4, 0], [-20, 0])],
});

const load = comfyNode(1, "Load", {
  values: ["a.safetensors"],
  outputs: [output("MODEL"), output("CLIP", [5]), output("VAE")],
});
const sample = comfyNode(9, "Sample", {
  values: [5, "fixed", 20, 8, "euler"],
  inputs: [input("positive", "CONDITIONING", 6)],
  outputs: [],
});
const LINKS = [
  [5, 1, 1, 10, 0, "CLIP"],
  [6, 10, 0, 9, 0, "CONDITIONING"],
];

function graphOf(host: JsonObject, subgraphs: readonly Json[] = [ENCODE]): JsonObject {
  return comfyGraph(
    [
      load,
      comfyNode(10, "U", {
        inputs: [input("clip", "CLIP", 5), widgetInput("text", "STRING")],
        outputs: [output("CONDITIONING", [6])],
        ...host,
      }),
      sample,
    ],
    LINKS,
    { definitions: { subgraphs } },
  );
}

function textOf(host: JsonObject): Json | undefined {
  const graph = graphOf(host);
  expect(again(graph)).toEqual(graph);
  const prompt = promptOf(graph);
  expect(prompt["9"]?.["positive"]).toEqual(["10:4", 0]);
  expect(prompt["10:4"]?.["clip"]).toEqual(["1", 1]);
  return prompt["10:4"]?.["text"];
}

describe("values that a subgraph's node holds", () => {
  it("proxyWidgets: entries of a boundary input count, those of inner nodes do not", () => {
    const proxies = (list: Json, values: Json): JsonObject => ({
      properties: { proxyWidgets: list },
      values,
    });
    expect(textOf(proxies([["-1", "text"]], ["outside"]))).toBe("outside");
    expect(textOf(proxies([["-1", "text"]], [null]))).toBe("inside");
    expect(textOf(proxies([["-1", "text"]], []))).toBe("inside");
    expect(textOf(proxies([["4", "text"]], ["outside"]))).toBe("inside");
    expect(
      textOf(
        proxies(
          [
            ["4", "x"],
            ["-1", "text"],
          ],
          ["one", "two"],
        ),
      ),
    ).toBe("two");
  });

  it("without proxyWidgets: one value for each input with a widget", () => {
    expect(textOf({ values: ["outside"] })).toBe("outside");
    expect(textOf({ values: [null] })).toBe("inside");
    expect(textOf({})).toBe("inside");
  });

  it("without a mark on the node: for each input that leads to a widget, controls skipped", () => {
    const inner = definition("U", {
      inputs: [
        { id: "a", name: "noise", type: "INT", linkIds: [1] },
        { id: "b", name: "model", type: "MODEL", linkIds: [2] },
        { id: "c", name: "steps", type: "INT", linkIds: [3] },
      ],
      outputs: [{ id: "d", name: "LATENT", type: "LATENT", linkIds: [4] }],
      nodes: [
        comfyNode(4, "Sample", {
          values: [1, "fixed", 2, 3, "heun"],
          inputs: [
            input("model", "MODEL", 2),
            widgetInput("seed", "INT", 1),
            widgetInput("steps", "INT", 3),
          ],
          outputs: [output("LATENT", [4])],
        }),
      ],
      links: [
        link(1, [-10, 0], [4, 1]),
        link(2, [-10, 1], [4, 0]),
        link(3, [-10, 2], [4, 2]),
        link(4, [4, 0], [-20, 0]),
      ],
    });
    const host = comfyNode(10, "U", {
      values: [77, "randomize", 33],
      inputs: [input("noise", "INT"), input("model", "MODEL"), input("steps", "INT")],
      outputs: [output("LATENT")],
    });
    const graph = comfyGraph([host], [], { definitions: { subgraphs: [inner] } });
    expect(promptOf(graph)["10:4"]).toEqual({ seed: 77, steps: 33, cfg: 3, sampler: "heun" });
    expect(again(graph)).toEqual(graph);
  });

  it("a link into the node wins over its value", () => {
    const text = comfyNode(3, "Words", {
      outputs: [{ name: "STRING", type: "STRING", links: [8] }],
    });
    const graph = comfyGraph(
      [
        text,
        comfyNode(10, "U", {
          values: ["outside"],
          inputs: [input("clip", "CLIP"), widgetInput("text", "STRING", 8)],
          outputs: [output("CONDITIONING")],
        }),
      ],
      [[8, 3, 0, 10, 1, "STRING"]],
      { definitions: { subgraphs: [ENCODE] } },
    );
    expect(promptOf(graph)["10:4"]).toEqual({ text: ["3", 0] });
  });
});

describe("nodes that only the editor has, across a subgraph's boundary", () => {
  it("a primitive outside writes into a parameter inside", () => {
    const primitive = comfyNode(3, "PrimitiveNode", {
      values: ["from outside", "fixed"],
      outputs: [{ name: "STRING", type: "STRING", links: [8] }],
    });
    const host = comfyNode(10, "U", {
      values: ["outside"],
      inputs: [input("clip", "CLIP"), widgetInput("text", "STRING", 8)],
      outputs: [output("CONDITIONING")],
    });
    const graph = comfyGraph([primitive, host], [[8, 3, 0, 10, 1, "STRING"]], {
      definitions: { subgraphs: [ENCODE] },
    });
    expect(promptOf(graph)["10:4"]).toEqual({ text: "from outside" });
  });

  it("a GetNode inside finds the SetNode around it", () => {
    const inner = definition("U", {
      inputs: [],
      outputs: [],
      nodes: [
        comfyNode(2, "GetNode", { values: ["c"], outputs: [output("CLIP", [1])] }),
        comfyNode(4, "Encode", { values: ["t"], inputs: [input("clip", "CLIP", 1)] }),
      ],
      links: [link(1, [2, 0], [4, 0])],
    });
    const set = comfyNode(3, "SetNode", { values: ["c"], inputs: [input("CLIP", "CLIP", 5)] });
    const graph = comfyGraph([load, set, comfyNode(10, "U")], [[5, 1, 1, 3, 0, "CLIP"]], {
      definitions: { subgraphs: [inner] },
    });
    expect(promptOf(graph)["10:4"]).toEqual({ text: "t", clip: ["1", 1] });
    expect(again(graph)).toEqual(graph);
  });
});

describe("subgraphs", () => {
  const OUTER = definition("V", {
    inputs: [
      { id: "a", name: "clip", type: "CLIP", linkIds: [1] },
      { id: "b", name: "words", type: "STRING", linkIds: [2] },
    ],
    outputs: [{ id: "c", name: "COND", type: "CONDITIONING", linkIds: [3] }],
    nodes: [
      comfyNode(7, "U", {
        values: ["middle"],
        inputs: [input("clip", "CLIP", 1), widgetInput("text", "STRING", 2)],
        outputs: [output("CONDITIONING", [3])],
      }),
    ],
    links: [link(1, [-10, 0], [7, 0]), link(2, [-10, 1], [7, 1]), link(3, [7, 0], [-20, 0])],
  });

  it("nest: ids are joined, and values go all the way in", () => {
    const host = (values: Json): JsonObject =>
      graphOf(
        { type: "V", values, inputs: [input("clip", "CLIP", 5), widgetInput("words", "STRING")] },
        [ENCODE, OUTER],
      );
    const graph = host(["outermost"]);
    expect(promptOf(graph)["10:7:4"]).toEqual({ text: "outermost", clip: ["1", 1] });
    expect(promptOf(graph)["9"]?.["positive"]).toEqual(["10:7:4", 0]);
    expect(again(graph)).toEqual(graph);
    expect(promptOf(host([null]))["10:7:4"]?.["text"]).toBe("middle");
  });

  it("a muted or bypassed one has no nodes; a bypassed one lets an input through", () => {
    const muted = promptOf(graphOf({ mode: 2 }));
    expect(Object.keys(muted)).toEqual(["1", "9"]);
    expect(muted["9"]).not.toHaveProperty("positive");
    expect(Object.keys(promptOf(graphOf({ mode: 4 })))).toEqual(["1", "9"]);
  });

  it("sockets belong together by name, and by place where names do not fit", () => {
    const moved = graphOf({ inputs: [widgetInput("text", "STRING"), input("clip", "CLIP", 5)] });
    expect(promptOf(moved)["10:4"]).toEqual({ text: "inside", clip: ["1", 1] });
    const renamed = graphOf({ inputs: [input("Klammer", "CLIP", 5)] });
    expect(promptOf(renamed)["10:4"]).toEqual({ text: "inside", clip: ["1", 1] });
    expect(again(renamed)).toEqual(renamed);
  });

  it("one inside itself has no end, and is cut", () => {
    const endless = { ...OUTER, nodes: [comfyNode(7, "V", {}), comfyNode(8, "V", {})] };
    const graph = graphOf({ type: "V" }, [endless]);
    expect(promptOf(graph)["9"]).not.toHaveProperty("positive");
  });

  it("edits inside and outside reach ComfyUI's graph", () => {
    const document = structuredClone(trip(read(graphOf({ values: ["outside"] })).document));
    const host = document.nodes["10"];
    const inner = document.subgraphs?.["U"]?.nodes["4"];
    if (host === undefined || inner === undefined) throw new Error("Expected both nodes.");
    host.values["text"] = "new outside";
    inner.values["text"] = "new inside";
    const graph = written(document);
    expect(promptOf(graph)["10:4"]?.["text"]).toBe("new outside");
    const [first] = objectOf(graph["definitions"])["subgraphs"] as JsonObject[];
    expect(objectOf(listOf(first?.["nodes"])[0])["widgets_values"]).toEqual(["new inside"]);
  });

  it("of our own documents become definitions with promoted values", () => {
    const document = trip({
      umbel: 1,
      nodes: {
        load: { type: "Load", values: { name: "b.safetensors" } },
        enc: { type: "subgraph:mine", values: { text: "hello" } },
        save: { type: "Sample", values: {} },
      },
      links: [
        { from: ["load", "CLIP"], to: ["enc", "clip"] },
        { from: ["enc", "out"], to: ["save", "positive"] },
      ],
      subgraphs: {
        mine: {
          title: "Mine",
          inputs: [
            { name: "clip", type: "CLIP" },
            { name: "text", type: "STRING" },
          ],
          outputs: [{ name: "out", type: "CONDITIONING" }],
          nodes: { e: { type: "Encode", values: { text: "?" } } },
          links: [
            { from: ["$in", "clip"], to: ["e", "clip"] },
            { from: ["$in", "text"], to: ["e", "text"] },
            { from: ["e", "CONDITIONING"], to: ["$out", "out"] },
          ],
        },
      },
    });
    expect(promptOf(written(document))).toEqual(inputsOf(document));
    expect(inputsOf(document)["enc:e"]).toEqual({ text: "hello", clip: ["load", 1] });
  });
});
