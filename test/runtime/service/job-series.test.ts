import { describe, expect, it } from "vitest";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import { advanceSeeds } from "#runtime/graph/seed-controls";
import type { NodeDescription } from "#runtime/protocol/node-description";
import { jobSeries } from "#runtime/service/job-series";

const seedInput = { type: "INT", kind: "seed", optional: false, default: "0", min: "0" } as const;
const sampler: NodeDescription = {
  type: "Sampler",
  title: "Sampler",
  category: "",
  description: "",
  version: 1,
  inputs: [
    { ...seedInput, name: "seed", max: "18446744073709551615" },
    { ...seedInput, name: "other", max: "9" },
    { name: "steps", type: "INT", kind: "int", optional: false, default: 20 },
  ],
  outputs: [],
  output: true,
  deprecated: false,
  searchAliases: [],
};
const descriptions = new Map([[sampler.type, sampler]]);

function graph(values: object, controls?: object, more: object = {}): GraphDocument {
  return parseDocument({
    umbel: 1,
    nodes: { a: { type: "Sampler", values, ...(controls && { controls }) } },
    ...more,
  } as never);
}
const valuesOf = ({ nodes }: GraphDocument) => ({ ...nodes["a"]?.values });

describe("seeds", () => {
  const next = (document: GraphDocument, random = 5n) =>
    valuesOf(advanceSeeds(document, descriptions, () => random));

  it("move as their control says, at random without one", () => {
    const values = { seed: 7, other: 3, steps: 4 };
    expect(next(graph(values, { seed: "increment", other: "fixed" }))).toEqual({
      seed: 8,
      other: 3,
      steps: 4,
    });
    expect(next(graph(values, { seed: "decrement" }))).toEqual({ seed: 6, other: 5, steps: 4 });
    expect(next(graph(values), 23n)).toEqual({ seed: 23, other: 3, steps: 4 });
  });

  it("stay within their limits and keep 64 bits", () => {
    const last = "18446744073709551615";
    const up = { seed: "increment", other: "increment" };
    expect(next(graph({ seed: last, other: 9 }, up))).toEqual({ seed: 0, other: 0 });
    const down = { seed: "decrement", other: "decrement" };
    expect(next(graph({ seed: 0, other: 0 }, down))).toEqual({ seed: last, other: 9 });
    expect(next(graph({ seed: "9007199254740993" }, up))["seed"]).toBe("9007199254740994");
    expect(next(graph({}, up))).toEqual({ seed: 1, other: 1 });
  });

  it("that a link feeds are left alone, those in subgraphs are not", () => {
    const links = [{ from: ["b", "INT"], to: ["a", "seed"] }];
    expect(next(graph({ seed: 1, other: 1 }, {}, { links }))["seed"]).toBe(1);
    const inner = graph({ seed: 1, other: 1 });
    const outer = parseDocument({
      umbel: 1,
      nodes: { s: { type: "subgraph:x" } },
      subgraphs: { x: { title: "X", nodes: inner.nodes } },
    } as never);
    const advanced = advanceSeeds(outer, descriptions, () => 8n);
    expect(advanced.subgraphs?.["x"]?.nodes["a"]?.values).toEqual({ seed: 8, other: 8 });
    expect(outer.subgraphs?.["x"]?.nodes["a"]?.values).toEqual({ seed: 1, other: 1 });
  });
});

describe("a series of jobs", () => {
  it("begins with the document as it is", () => {
    let random = 40n;
    const items = jobSeries(
      graph({ seed: 7 }, { other: "fixed" }),
      3,
      undefined,
      descriptions,
      () => ++random,
    );
    expect(items.map(({ document }) => document.nodes["a"]?.values["seed"])).toEqual([7, 41, 42]);
    expect(items.map(({ cell }) => cell)).toEqual([null, null, null]);
  });

  it("sweeps inside of subgraphs, cuts the link into what it sets, and keeps the seeds of a sweep", () => {
    const document = parseDocument({
      umbel: 1,
      nodes: { s: { type: "subgraph:x" } },
      subgraphs: {
        x: {
          title: "X",
          nodes: { a: { type: "Sampler", values: { seed: 3 } } },
          links: [{ from: ["$in", "steps"], to: ["a", "steps"] }],
        },
      },
    } as never);
    const sweep = [{ node: "s:a", value: "steps", values: [1, 2] }];
    const items = jobSeries(document, 2, sweep, descriptions, () => 9n);
    const inner = items.map((item) => item.document.subgraphs?.["x"]);
    expect(inner.map((x) => ({ ...x?.nodes["a"]?.values }))).toEqual([
      { seed: 3, steps: 1 },
      { seed: 3, steps: 2 },
      { seed: 9, other: 9, steps: 1 },
      { seed: 9, other: 9, steps: 2 },
    ]);
    expect(inner.flatMap((x) => x?.links)).toEqual([]);
    expect(document.subgraphs?.["x"]?.links).toHaveLength(1);
  });

  it("is refused for unknown nodes and beyond 1000 jobs", () => {
    const series = (node: string, many = 2) =>
      jobSeries(
        graph({}),
        many,
        [{ node, value: "steps", values: Array.from({ length: 64 }, (_, i) => i) }],
        descriptions,
      );
    for (const node of ["b", "a:b", "constructor", ""]) expect(() => series(node)).toThrow(/node/);
    expect(() => series("a", 16)).toThrow(/at most 1000 jobs at once, got 1024/);
  });
});
