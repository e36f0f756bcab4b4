import { expect, test } from "vitest";
import type { DocumentGraph } from "#runtime/graph/document";
import type { InputDescription, NodeDescription } from "#runtime/protocol/node-description";
import { keeps, replaceNode, type LinkTypes } from "../../../../renderer/stores/edit/replace.ts";

const socket = (name: string, type: string): InputDescription => ({
  name,
  type,
  kind: "socket",
  optional: false,
});

const described = (
  type: string,
  inputs: readonly InputDescription[],
  outputs: NodeDescription["outputs"],
): NodeDescription => ({
  type,
  title: type,
  category: "sampling",
  description: "",
  version: 1,
  inputs,
  outputs,
  output: false,
  deprecated: false,
  searchAliases: [],
});

const steps: InputDescription = {
  name: "steps",
  type: "INT",
  kind: "int",
  optional: false,
  default: 20,
};
const ADVANCED = described(
  "KSamplerAdvanced",
  [
    socket("model", "MODEL"),
    socket("negative", "CONDITIONING"),
    socket("positive", "CONDITIONING"),
    socket("latent", "LATENT"),
    steps,
    { name: "add_noise", type: "BOOLEAN", kind: "boolean", optional: false, default: true },
    {
      name: "scheduler",
      type: "COMBO",
      kind: "combo",
      optional: false,
      options: ["simple"],
      default: "simple",
    },
  ],
  [{ name: "LATENT", type: "LATENT" }],
);
const UPSCALE = described(
  "Upscale",
  [socket("image", "IMAGE")],
  [{ name: "IMAGE", type: "IMAGE" }],
);

const GRAPH: DocumentGraph = {
  nodes: {
    s: {
      type: "KSampler",
      title: "Mine",
      values: { steps: 7, scheduler: "beta", seed: "12" },
      controls: { seed: "random" },
      sockets: ["steps", "seed"],
      at: [10, 20],
      state: "muted",
    },
  },
  links: [
    { from: ["p", "CONDITIONING"], to: ["s", "positive"] },
    { from: ["n", "CONDITIONING"], to: ["s", "negative"] },
    { from: ["l", "LATENT"], to: ["s", "latent_image"], via: [[1, 2]] },
    { from: ["x", "NOISE"], to: ["s", "noise"] },
    { from: ["s", "LATENT"], to: ["d", "samples"] },
    { from: ["a", "MODEL"], to: ["b", "model"] },
  ],
};
const GIVEN: Readonly<Record<string, string>> = {
  p: "CONDITIONING",
  n: "CONDITIONING",
  l: "LATENT",
  x: "NOISE",
};
const TYPES: LinkTypes = {
  given: ({ from }) => GIVEN[from[0]] ?? "*",
  wanted: ({ to }) => (to[0] === "d" ? "LATENT" : "*"),
};

test("a node of another class keeps what both know by name, and links go to what fits them", () => {
  const { graph, dropped } = replaceNode(GRAPH, "s", ADVANCED, TYPES);
  expect(graph.nodes["s"]).toEqual({
    type: "KSamplerAdvanced",
    title: "Mine",
    // "beta" is no choice there, so that its default stands.
    values: { steps: 7, add_noise: true, scheduler: "simple" },
    sockets: ["steps"],
    at: [10, 20],
    state: "muted",
  });
  expect(graph.links).toEqual([
    { from: ["p", "CONDITIONING"], to: ["s", "positive"] },
    { from: ["n", "CONDITIONING"], to: ["s", "negative"] },
    { from: ["l", "LATENT"], to: ["s", "latent"], via: [[1, 2]] },
    { from: ["s", "LATENT"], to: ["d", "samples"] },
    { from: ["a", "MODEL"], to: ["b", "model"] },
  ]);
  expect(dropped).toBe(1);
});

test("a class with nothing in common takes none of the links, and comes last", () => {
  expect(replaceNode(GRAPH, "s", UPSCALE, TYPES).dropped).toBe(5);
  expect(keeps(GRAPH, "s", ADVANCED, TYPES)).toBeGreaterThan(keeps(GRAPH, "s", UPSCALE, TYPES));
});

test("a link from a node to itself goes along at both ends", () => {
  const graph: DocumentGraph = {
    nodes: { s: { type: "A", values: {} } },
    links: [{ from: ["s", "OUT"], to: ["s", "in"] }],
  };
  const to = described("B", [socket("model", "MODEL")], [{ name: "MODEL", type: "MODEL" }]);
  const { links } = replaceNode(graph, "s", to, {
    given: () => "MODEL",
    wanted: () => "MODEL",
  }).graph;
  expect(links).toEqual([{ from: ["s", "MODEL"], to: ["s", "model"] }]);
});
