import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { NODE_FOLDER } from "#runtime/engine/locations";
import { loadNodes } from "#runtime/engine/node-registry";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import { resolveGraph } from "#runtime/graph/resolve";
import { socketLookup, validateDocument } from "#runtime/graph/validate";
import type { NodeDescriptions } from "#runtime/protocol/node-description";
import { connectAcross } from "../../../../renderer/stores/edit/boundaries.ts";
import {
  makeSubgraph,
  promoteValue,
  unpackSubgraph,
} from "../../../../renderer/stores/edit/subgraphs.ts";

const example = parseDocument(
  readFileSync(join(import.meta.dirname, "../../../../examples/text-to-video.json"), "utf8"),
);
let descriptions: NodeDescriptions;

beforeAll(async () => {
  descriptions = (await loadNodes([NODE_FOLDER])).descriptions;
});

/** What runs, whatever the nodes are called: types, values, and what feeds each input. */
function meaning(document: GraphDocument) {
  const graph = resolveGraph(document, socketLookup(descriptions));
  const last = (id: string) => id.split(":").at(-1)!;
  return [...graph.values()]
    .map(({ id, type, values, inputs }) => ({
      id: last(id),
      type,
      values,
      inputs: Object.fromEntries(
        Object.entries(inputs)
          .map(([name, { node, output }]) => [name, `${last(node)} ${output}`])
          .toSorted(),
      ),
    }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

const typeOf = (node: string, socket: string) =>
  descriptions.get(example.nodes[node]?.type ?? "")?.outputs.find(({ name }) => name === socket)
    ?.type ?? "*";

const fold = (ids: readonly string[]) =>
  makeSubgraph(example, null, new Set(ids), "Sampling", typeOf);

test("folding nodes changes nothing of what runs, and unfolding gives it back", () => {
  const { document, node } = fold(["shift", "sampler", "latent"]);
  expect(node).toBe("Sampling");
  expect(Object.keys(document.nodes)).not.toContain("sampler");
  expect(
    document.subgraphs!["Sampling"]!.inputs.map(({ name, type }) => `${name} ${type}`),
  ).toEqual(["model MODEL", "positive CONDITIONING", "negative CONDITIONING"]);
  expect(meaning(document)).toEqual(meaning(example));
  const errors = validateDocument(document, descriptions).problems.filter(
    ({ severity }) => severity === "error",
  );
  expect(errors).toEqual([]);

  const unpacked = unpackSubgraph(document, null, node!);
  expect(unpacked.added.toSorted()).toEqual(["latent", "sampler", "shift"]);
  expect(unpacked.document.subgraphs).toBe(undefined);
  expect(meaning(unpacked.document)).toEqual(meaning(example));
});

test("an output that several nodes use is one output of the subgraph", () => {
  const { document } = fold(["text_encoder"]);
  expect(document.subgraphs!["Sampling"]!.outputs).toEqual([{ name: "CLIP", type: "CLIP" }]);
  expect(meaning(document)).toEqual(meaning(example));
});

test("a promoted value is set outside, and goes in again when the subgraph is unpacked", () => {
  const { document, node } = fold(["shift", "sampler", "latent"]);
  const promoted = promoteValue(document, "Sampling", "sampler", "steps", descriptions);
  expect(promoted.subgraphs!["Sampling"]!.inputs.at(-1)).toEqual({ name: "steps", type: "INT" });
  expect(promoteValue(promoted, "Sampling", "sampler", "steps", descriptions)).toBe(promoted);
  const set: GraphDocument = {
    ...promoted,
    nodes: { ...promoted.nodes, [node!]: { ...promoted.nodes[node!]!, values: { steps: 4 } } },
  };
  const steps = (document_: GraphDocument) =>
    meaning(document_).find(({ id }) => id === "sampler")!.values["steps"];
  expect(steps(promoted)).toBe(30);
  expect(steps(set)).toBe(4);
  expect(steps(unpackSubgraph(set, null, node!).document)).toBe(4);
});

test("a subgraph that stands twice stays when one of its nodes is unpacked", () => {
  const { document, node } = fold(["latent"]);
  const twice: GraphDocument = {
    ...document,
    nodes: { ...document.nodes, again: document.nodes[node!]! },
  };
  const { document: unpacked } = unpackSubgraph(twice, null, node!);
  expect(Object.keys(unpacked.subgraphs!)).toEqual(["Sampling"]);
});

test("a wire drawn to the edge of a subgraph makes an input or output of its type", () => {
  const { document } = fold(["shift", "sampler", "latent"]);
  const graph = document.subgraphs!["Sampling"]!;
  const out = connectAcross(graph, ["shift", "MODEL"], ["$out", "+"], "MODEL");
  expect(out["outputs"]).toEqual([
    { name: "LATENT", type: "LATENT" },
    { name: "MODEL", type: "MODEL" },
  ]);
  expect(out.links.at(-1)).toEqual({ from: ["shift", "MODEL"], to: ["$out", "MODEL"] });
  const inside = connectAcross(graph, ["$in", "+"], ["latent", "width"], "INT");
  expect(inside.links.at(-1)).toEqual({ from: ["$in", "width"], to: ["latent", "width"] });
});
