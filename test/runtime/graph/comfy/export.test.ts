import { describe, expect, it } from "vitest";
import { listOf, objectOf, type JsonObject } from "#runtime/graph/comfy/comfy-json";
import type { DocumentLink, GraphDocument } from "#runtime/graph/document";
import { NO_FACTS } from "#runtime/graph/comfy/node-facts";
import {
  FACTS,
  comfyGraph,
  comfyNode,
  input,
  inputsOf,
  output,
  promptOf,
  read,
  trip,
  widgetInput,
  written,
} from "../../../helpers/comfy.ts";

const GRAPH = comfyGraph(
  [
    comfyNode(1, "Load", {
      values: ["a.safetensors"],
      outputs: [output("MODEL", [1]), output("CLIP"), output("VAE")],
    }),
    comfyNode(2, "Sample", {
      values: [5, "randomize", 20, 8, "euler", "surplus"],
      inputs: [input("model", "MODEL", 1), input("latent", "LATENT")],
      outputs: [output("LATENT")],
    }),
  ],
  [[1, 1, 0, 2, 0, "MODEL"]],
  {
    last_node_id: 2,
    last_link_id: 1,
    extra: {
      reroutes: [{ id: 1, pos: [5, 5], linkIds: [1] }],
      linkExtensions: [{ id: 1, parentId: 1 }],
    },
  },
);

/** The graph that goes out after a change to the document, which must mean what the document means. */
function changed(change: (document: GraphDocument) => void): JsonObject {
  const document = structuredClone(trip(read(GRAPH).document));
  change(document);
  const graph = written(document);
  expect(promptOf(graph)).toEqual(inputsOf(document));
  return graph;
}

const node = (graph: JsonObject, id: number): JsonObject | undefined =>
  (graph["nodes"] as readonly JsonObject[]).find((candidate) => candidate["id"] === id);

describe("changes to a document that came from ComfyUI", () => {
  it("a value goes to its place; control and surplus values stay", () => {
    const graph = changed(({ nodes }) => {
      if (nodes["2"] !== undefined)
        Object.assign(nodes["2"].values, { seed: "18446744073709551615", cfg: 5 });
    });
    expect(node(graph, 2)?.["widgets_values"]).toEqual([
      { $integer: "18446744073709551615" },
      "randomize",
      20,
      5,
      "euler",
      "surplus",
    ]);
    expect(node(graph, 1)).toEqual(node(GRAPH, 1));
  });

  it("place, size, title, state and flags", () => {
    const graph = changed(({ nodes }) => {
      if (nodes["2"] !== undefined)
        Object.assign(nodes["2"], {
          at: [7, 8],
          size: [9, 10],
          title: "T",
          state: "bypassed",
          collapsed: true,
          color: "#123",
        });
    });
    expect(node(graph, 2)).toMatchObject({
      pos: [7, 8],
      size: [9, 10],
      title: "T",
      mode: 4,
      flags: { collapsed: true },
      color: "#123",
    });
  });

  it("a link that is cut leaves no trace at its ends", () => {
    const graph = changed((document) => document.links.splice(0));
    expect(graph["links"]).toEqual([]);
    expect(objectOf(listOf(node(graph, 1)?.["outputs"])[0])["links"]).toEqual([]);
    expect(objectOf(listOf(node(graph, 2)?.["inputs"])[0])["link"]).toBeNull();
  });

  it("a new node and its links get numbers, sockets and widgets", () => {
    const graph = changed((document) => {
      document.nodes["n"] = { type: "Number", values: { value: 33 } };
      document.nodes["30"] = { type: "Latent", values: {} };
      document.links.push(
        { from: ["n", "INT"], to: ["2", "steps"] },
        { from: ["30", "LATENT"], to: ["2", "latent"] },
      );
    });
    expect(graph["links"]).toEqual([
      [1, 1, 0, 2, 0, "MODEL"],
      [2, "n", 0, 2, 2, "INT"],
      [3, 30, 0, 2, 1, "LATENT"],
    ]);
    expect(graph).toMatchObject({ last_node_id: 30, last_link_id: 3 });
    expect(node(graph, 2)?.["inputs"]).toEqual([
      input("model", "MODEL", 1),
      input("latent", "LATENT", 3),
      widgetInput("steps", "INT", 2),
    ]);
    expect(node(graph, 30)).toMatchObject({
      widgets_values: [512, 512],
      outputs: [output("LATENT", [3])],
      properties: { "Node name for S&R": "Latent" },
    });
  });

  it("a node that is gone takes its links with it", () => {
    const graph = changed((document) => {
      delete document.nodes["1"];
      document.links.splice(0);
    });
    expect(graph["nodes"]).toHaveLength(1);
  });

  it("points of a link become reroutes", () => {
    const graph = changed(({ links }) => {
      Object.assign(links[0] as DocumentLink, {
        via: [
          [1, 2],
          [3, 4],
        ],
      });
    });
    expect(graph["extra"]).toEqual({
      reroutes: [
        { id: 2, pos: [1, 2], linkIds: [1] },
        { id: 3, parentId: 2, pos: [3, 4], linkIds: [1] },
      ],
      linkExtensions: [{ id: 1, parentId: 3 }],
    });
    expect(read(graph).document.links[0]?.via).toEqual([
      [1, 2],
      [3, 4],
    ]);
    const without = changed(({ links }) => delete (links[0] as { via?: unknown }).via);
    expect(without["extra"]).toEqual({ reroutes: [], linkExtensions: [] });
  });

  it("a group that moved", () => {
    const graph = changed((document) => {
      document.groups = [{ title: "New", at: [1, 2], size: [3, 4] }];
    });
    expect(graph["groups"]).toEqual([
      { font_size: 24, flags: {}, title: "New", bounding: [1, 2, 3, 4] },
    ]);
  });
});

describe("a document of our own", () => {
  it("becomes a graph that opens with the same meaning, places and view", () => {
    const document = trip({
      umbel: 1,
      nodes: {
        load: { type: "Load", values: { name: "b.safetensors" }, at: [1, 2] },
        s: { type: "Sample", values: { seed: "12345678901234567890", steps: 3 }, state: undefined },
        r: { type: "Reroute", values: {} },
      },
      links: [
        { from: ["load", "MODEL"], to: ["r", "input"] },
        { from: ["r", "output"], to: ["s", "model"] },
      ],
      view: { at: [10, 20], zoom: 0.5 },
    });
    const graph = written(document);
    expect(graph).toMatchObject({ version: 0.4, extra: { ds: { scale: 0.5, offset: [10, 20] } } });
    expect(promptOf(graph)).toEqual(inputsOf(document));
    expect(inputsOf(document)["s"]).toMatchObject({ steps: 3, cfg: 8, model: ["load", 0] });
    expect(read(graph).document.nodes["load"]?.at).toEqual([1, 2]);
  });
});

describe("a document that was read without knowing its classes", () => {
  const graph = comfyGraph(
    [
      comfyNode(1, "Load", {
        values: ["b.safetensors"],
        outputs: [
          { name: "MODELL", type: "MODEL", links: [] },
          { name: "KLAMMER", type: "CLIP", links: [1] },
        ],
      }),
      comfyNode(2, "Encode", { values: ["hello"], inputs: [input("clip", "CLIP", 1)] }),
    ],
    [[1, 1, 1, 2, 0, "CLIP"]],
  );
  const document = trip(read(graph, NO_FACTS).document);

  it("names its values once they are known", () => {
    expect(inputsOf(document, NO_FACTS)).toEqual({ 1: {}, 2: { clip: ["1", 1] } });
    expect(inputsOf(document)).toEqual({
      1: { name: "b.safetensors" },
      2: { text: "hello", clip: ["1", 1] },
    });
  });

  it("goes out equal then too", () => {
    expect(written(document, FACTS)).toEqual(graph);
    const known = trip(read(graph).document);
    expect(written(known, NO_FACTS)).toEqual(graph);
    expect(inputsOf(known, NO_FACTS)).toEqual(inputsOf(known));
  });

  it("and keeps the place of a link whose other end moved", () => {
    const moved = structuredClone(document);
    moved.nodes["3"] = { type: "Encode", values: {} };
    Object.assign(moved.links[0] as DocumentLink, { to: ["3", "clip"] });
    expect(written(moved)["links"]).toEqual([[1, 1, 1, 3, 0, "CLIP"]]);
    expect(promptOf(written(moved))).toEqual(inputsOf(moved));
  });
});
