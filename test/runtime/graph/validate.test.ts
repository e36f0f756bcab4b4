import { describe, expect, it } from "vitest";
import { parseDocument } from "#runtime/graph/document";
import { socketsMatch } from "#runtime/graph/sockets";
import { validateDocument } from "#runtime/graph/validate";
import type { InputDescription, NodeDescription } from "#runtime/protocol/node-description";

const socket = (name: string, type: string, optional = false): InputDescription => ({
  name,
  type,
  kind: "socket",
  optional,
});

function node(
  type: string,
  inputs: InputDescription[],
  outputs: [string, string][],
  output = false,
): [string, NodeDescription] {
  return [
    type,
    {
      type,
      title: type,
      category: "test",
      description: "",
      version: 1,
      inputs,
      outputs: outputs.map(([name, t]) => ({ name, type: t })),
      output,
      deprecated: false,
      searchAliases: [],
    },
  ];
}

const descriptions = new Map([
  node(
    "Load",
    [{ name: "name", type: "COMBO", kind: "file", folder: "vae", optional: false }],
    [["MODEL", "MODEL"]],
  ),
  node("Patch", [socket("model", "MODEL")], [["MODEL", "MODEL"]]),
  node(
    "Sample",
    [
      socket("model", "MODEL"),
      { name: "steps", type: "INT", kind: "int", optional: false, default: 20, min: 1, max: 100 },
      {
        name: "seed",
        type: "INT",
        kind: "seed",
        optional: false,
        default: "0",
        min: "0",
        max: "18446744073709551615",
      },
      {
        name: "mode",
        type: "COMBO",
        kind: "combo",
        optional: false,
        options: ["a", "b", 64],
        default: "a",
      },
    ],
    [["LATENT", "LATENT"]],
  ),
  node("Save", [socket("latent", "LATENT")], [], true),
]);

function check(nodes: object, links: [string, string, string, string][], extra: object = {}) {
  const document = parseDocument({
    umbel: 1,
    nodes,
    links: links.map(([a, b, c, d]) => ({ from: [a, b], to: [c, d] })),
    ...extra,
  } as never);
  return validateDocument(document, descriptions, () => ["x.safetensors", "sub/y.safetensors"]);
}

const good = {
  l: { type: "Load", values: { name: "sub\\y.safetensors" } },
  s: { type: "Sample", values: { seed: "18446744073709551615", mode: 64 } },
  o: { type: "Save" },
};
const chain: [string, string, string, string][] = [
  ["l", "MODEL", "s", "model"],
  ["s", "LATENT", "o", "latent"],
];

describe("validateDocument", () => {
  it("misses a parameter whose link ends at a muted node, whatever value it holds", () => {
    const nodes = {
      ...good,
      s: { type: "Sample", values: { steps: 5 } },
      muted: { type: "Sample", state: "muted" },
    };
    const { problems, graph } = check(nodes, [...chain, ["muted", "LATENT", "s", "steps"]]);
    expect(graph.get("s")).toMatchObject({ values: {}, cut: ["steps"] });
    expect(problems).toMatchObject([{ code: "missing_input", node: "s", socket: "steps" }]);
  });

  it("accepts a whole graph", () => {
    expect(check(good, chain).problems).toEqual([]);
  });

  it("reports every problem at once, with node, socket and code", () => {
    const { problems } = check(
      {
        l: { type: "Load", values: { name: "z.safetensors" } },
        s: { type: "Sample", values: { steps: 1000, seed: -1, mode: "c", extra: 1 } },
        o: { type: "Save" },
        u: { type: "Sampel" },
      },
      [
        ["l", "MODEL", "o", "latent"],
        ["gone", "X", "s", "model"],
      ],
    );
    const found = problems.map((p) => `${p.node ?? ""}.${p.socket ?? ""} ${p.code}`).toSorted();
    expect(found).toEqual(
      [
        "gone. dangling_link",
        "l.name missing_file",
        "o.latent type_mismatch",
        "s.extra unknown_value",
        "s.mode value_not_in_list",
        "s.model missing_input",
        "s.seed value_below_min",
        "s.steps value_above_max",
        "u. unknown_node_type",
      ].toSorted(),
    );
    expect(problems.find((p) => p.code === "unknown_node_type")?.message).toContain(
      "nearest is Sample",
    );
  });

  it("finds loops and graphs that show nothing", () => {
    const { problems } = check({ a: { type: "Patch" }, b: { type: "Patch" } }, [
      ["a", "MODEL", "b", "model"],
      ["b", "MODEL", "a", "model"],
    ]);
    expect(problems.map((p) => p.code).toSorted()).toEqual(["cycle", "no_output"]);
  });

  it("lets a bypassed node pass its input through and drops muted ones with their links", () => {
    const nodes = { ...good, p: { type: "Patch", state: "bypassed" } };
    const links: typeof chain = [
      ["l", "MODEL", "p", "model"],
      ["p", "MODEL", "s", "model"],
      ["s", "LATENT", "o", "latent"],
    ];
    const through = check(nodes, links);
    expect(through.graph.get("s")?.inputs["model"]).toEqual({ node: "l", output: "MODEL" });
    const muted = check({ ...nodes, p: { type: "Patch", state: "muted" } }, links);
    expect(muted.problems.map((p) => p.code)).toEqual(["missing_input"]);
  });

  it("unfolds nested subgraphs, with linked and held boundary values", () => {
    const inner = {
      title: "Inner",
      inputs: [
        { name: "model", type: "MODEL" },
        { name: "steps", type: "INT" },
      ],
      outputs: [{ name: "out", type: "LATENT" }],
      nodes: { s: { type: "Sample" } },
      links: [
        { from: ["$in", "model"], to: ["s", "model"] },
        { from: ["$in", "steps"], to: ["s", "steps"] },
        { from: ["s", "LATENT"], to: ["$out", "out"] },
      ],
    };
    const outer = {
      title: "Outer",
      inputs: [{ name: "m", type: "MODEL" }],
      outputs: [{ name: "o", type: "LATENT" }],
      nodes: { i: { type: "subgraph:inner", values: { steps: 7 } } },
      links: [
        { from: ["$in", "m"], to: ["i", "model"] },
        { from: ["i", "out"], to: ["$out", "o"] },
      ],
    };
    const { problems, graph } = check(
      { l: good.l, x: { type: "subgraph:outer" }, o: { type: "Save" } },
      [
        ["l", "MODEL", "x", "m"],
        ["x", "o", "o", "latent"],
      ],
      { subgraphs: { inner, outer } },
    );
    expect(problems).toEqual([]);
    expect(graph.get("x:i:s")?.values["steps"]).toBe(7);
    expect(graph.get("x:i:s")?.inputs["model"]).toEqual({ node: "l", output: "MODEL" });
    expect(graph.get("o")?.inputs["latent"]).toEqual({ node: "x:i:s", output: "LATENT" });
  });

  it("ends on a subgraph that contains itself", () => {
    const self = { title: "Self", nodes: { again: { type: "subgraph:self" } }, links: [] };
    const { problems } = check({ ...good, x: { type: "subgraph:self" } }, chain, {
      subgraphs: { self },
    });
    expect(problems.map((p) => p.code)).toContain("subgraph_recursion");
  });
});

describe("socketsMatch", () => {
  it.each([
    ["IMAGE", "IMAGE", true],
    ["IMAGE,MASK", "mask", true],
    ["*", "VAE", true],
    ["VAE", "MODEL", false],
  ])("%s -> %s: %s", (from, to, expected) => {
    expect(socketsMatch(from, to)).toBe(expected);
  });
});
