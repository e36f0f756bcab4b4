import { describe, expect, it } from "vitest";
import {
  again,
  comfyGraph,
  comfyNode,
  input,
  output,
  promptOf,
  read,
  reasons,
} from "../../../helpers/comfy.ts";

const load = (id: number | string, links: readonly number[] = [1]) =>
  comfyNode(id, "Load", {
    values: ["a.safetensors"],
    outputs: [output("MODEL", links), output("CLIP"), output("VAE")],
  });
const patch = (id: number | string, first: number | null = 1, second: number | null = null) =>
  comfyNode(id, "Patch", {
    values: [1],
    inputs: [input("model", "MODEL", first), input("other", "MODEL", second)],
    outputs: [output("MODEL")],
  });

describe("links", () => {
  it.each([
    ["a tuple", [1, 1, 0, 2, 0, "MODEL"]],
    ["a longer tuple", [1, 1, 0, 2, 0, "MODEL", { extra: true }]],
    [
      "an object",
      { id: 1, origin_id: 1, origin_slot: 0, target_id: 2, target_slot: 0, type: "MODEL" },
    ],
    ["ids as text", ["1", "1", 0, "2", 0, "MODEL"]],
    ["a type that is a list", [1, 1, 0, 2, 0, ["a", "b"]]],
    ["a type that is a number", [1, 1, 0, 2, 0, -1]],
  ])("%s", (_name, link) => {
    const graph = comfyGraph([load(1), patch(2)], [link]);
    expect(promptOf(graph)["2"]).toEqual({ model: ["1", 0], scale: 1 });
    expect(again(graph)).toEqual(graph);
    expect(reasons(graph)).toEqual([]);
  });

  it("format 1.0: objects, counters in `state`, reroutes on top", () => {
    const {
      last_node_id: _,
      last_link_id: __,
      ...rest
    } = comfyGraph(
      [load(1), patch(2)],
      [
        {
          id: 1,
          origin_id: 1,
          origin_slot: 0,
          target_id: 2,
          target_slot: 0,
          type: "MODEL",
          parentId: 4,
        },
      ],
    );
    const graph = {
      ...rest,
      version: 1,
      state: { lastGroupId: 0, lastNodeId: 2, lastLinkId: 1, lastRerouteId: 4 },
      reroutes: [
        { id: 3, pos: [10, 20], linkIds: [1] },
        { id: 4, parentId: 3, pos: [30, 40], linkIds: [1] },
      ],
    };
    const { document } = read(graph);
    expect(document.links[0]?.via).toEqual([
      [10, 20],
      [30, 40],
    ]);
    expect(promptOf(graph)["2"]?.["model"]).toEqual(["1", 0]);
    expect(again(graph)).toEqual(graph);
  });

  it("text ids of nodes, null entries, places and sizes as objects, unknown keys everywhere", () => {
    const node = { ...patch("p.1"), pos: { 0: 5, 1: 6 }, size: { 0: 7, 1: 8, 2: 0 }, mystery: [1] };
    const graph = comfyGraph([load("l.1"), node], [null, [1, "l.1", 0, "p.1", 0, "MODEL"]], {
      weird: { a: 1 },
      groups: [
        { id: 1, title: "G", bounding: [0, 1, 2, 3], color: "#fff", flags: { pinned: true } },
      ],
      extra: { ds: { scale: 2, offset: [3, 4], more: 1 }, ue_links: [], linearMode: true },
      floatingLinks: [
        { id: 9, origin_id: 1, origin_slot: 0, target_id: -1, target_slot: -1, type: "*" },
      ],
      models: [{ name: "m" }],
    });
    const { document } = read(graph);
    expect(document.nodes["p.1"]).toMatchObject({ at: [5, 6], size: [7, 8] });
    expect(document.groups).toMatchObject([
      { title: "G", at: [0, 1], size: [2, 3], color: "#fff" },
    ]);
    expect(document.view).toEqual({ at: [3, 4], zoom: 2 });
    expect(promptOf(graph)["p.1"]?.["model"]).toEqual(["l.1", 0]);
    expect(again(graph)).toEqual(graph);
  });

  it("goes by the input that names the link, not by a stale slot", () => {
    const graph = comfyGraph([load(1), patch(2, null, 1)], [[1, 1, 0, 2, 0, "MODEL"]]);
    expect(promptOf(graph)["2"]).toEqual({ other: ["1", 0], scale: 1 });
    expect(again(graph)).toEqual(graph);
  });

  it("falls back to the slot when no input names the link, but not to one that names another", () => {
    const unnamed = comfyGraph([load(1), patch(2, null)], [[1, 1, 0, 2, 1, "MODEL"]]);
    expect(promptOf(unnamed)["2"]).toEqual({ other: ["1", 0], scale: 1 });
    const stale = comfyGraph(
      [load(1), load(3), patch(2, 2)],
      [
        [1, 1, 0, 2, 0, "MODEL"],
        [2, 3, 0, 2, 0, "MODEL"],
      ],
    );
    expect(promptOf(stale)["2"]).toEqual({ model: ["3", 0], scale: 1 });
    expect(reasons(stale)).toEqual(["2: Link 1 ends at a socket that it has not."]);
    expect(again(stale)).toEqual(stale);
  });

  it("outputs go by their place, whatever they are called", () => {
    const translated = { ...load(1), outputs: [{ name: "MODELL", type: "MODEL", links: [1] }] };
    const graph = comfyGraph([translated, patch(2)], [[1, 1, 0, 2, 0, "MODEL"]]);
    expect(read(graph).document.links[0]?.from).toEqual(["1", "MODEL"]);
    expect(promptOf(graph)["2"]?.["model"]).toEqual(["1", 0]);
    const unknown = comfyGraph(
      [comfyNode(1, "Alien", { outputs: [output("A"), output("A", [1])] }), patch(2)],
      [[1, 1, 1, 2, 0, "MODEL"]],
    );
    expect(promptOf(unknown)["2"]?.["model"]).toEqual(["1", 1]);
  });

  it("says what is missing, and keeps it", () => {
    const graph = comfyGraph(
      [load(1), patch(2, 1, 44)],
      [[1, 1, 0, 2, 0, "MODEL"], [7, 1, 0, 66, 0, "MODEL"], [8, 77, 0, 2, 0, "MODEL"], "junk"],
    );
    expect(reasons(graph)).toEqual([
      '2: Its input "other" has link 44, which the file lacks.',
      "null: Link 7 ends at node 66, which is not there.",
      "null: Link 8 starts at node 77, which is not there.",
      'null: Expected a link, got "junk": it is kept, unused.',
    ]);
    expect(promptOf(graph)["2"]).toEqual({ model: ["1", 0], scale: 1 });
    expect(again(graph)).toEqual(graph);
  });

  it("gives a node that repeats an id one of its own", () => {
    const graph = comfyGraph([load(1), patch(1, null)], []);
    expect(Object.keys(read(graph).document.nodes)).toEqual(["1", "1 (2)"]);
    expect(reasons(graph)).toEqual(["1 (2): Expected an id of its own, got 1 again."]);
    expect(again(graph)).toEqual(graph);
  });

  it("keeps the order of nodes", () => {
    const graph = comfyGraph([patch(20, null), load(3, []), patch(11, null)]);
    expect(again(graph)).toEqual(graph);
  });
});
