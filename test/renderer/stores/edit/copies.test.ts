import { expect, test } from "vitest";
import { DOCUMENT_VERSION, type GraphDocument } from "#runtime/graph/document";
import {
  clipText,
  duplicateNodes,
  makeClip,
  pasteClip,
  readClip,
} from "../../../../renderer/stores/edit/copies.ts";

const document: GraphDocument = {
  umbel: DOCUMENT_VERSION,
  nodes: {
    a: { type: "A", values: { n: 1 }, at: [0, 0] },
    b: { type: "B", values: {}, at: [100, 0] },
    s: { type: "subgraph:outer", values: {}, at: [200, 0] },
  },
  links: [
    { from: ["a", "X"], to: ["b", "x"], via: [[50, 5]] },
    { from: ["b", "Y"], to: ["s", "y"] },
  ],
  subgraphs: {
    outer: {
      title: "Outer",
      inputs: [],
      outputs: [],
      nodes: { i: { type: "subgraph:inner", values: {} } },
      links: [],
    },
    inner: { title: "Inner", inputs: [], outputs: [], nodes: {}, links: [] },
    unused: { title: "Unused", inputs: [], outputs: [], nodes: {}, links: [] },
  },
};

test("a copy goes through text with its links, reroutes and subgraphs, and no others", () => {
  const clip = makeClip(document, document, new Set(["b", "s"]), new Set());
  const read = readClip(clipText(clip))!;
  expect(Object.keys(read.nodes)).toEqual(["b", "s"]);
  expect(Object.keys(read.subgraphs).toSorted()).toEqual(["inner", "outer"]);
  expect(read.links).toEqual(document.links);
});

test("pasting gives new ids and moves; links from outside come only when asked for", () => {
  const clip = makeClip(document, document, new Set(["b", "s"]), new Set());
  const without = pasteClip(document, clip, [10, 20], false);
  expect(without.added).toEqual(["b_2", "s_2"]);
  expect(without.graph.nodes["b_2"]!.at).toEqual([110, 20]);
  expect(without.graph.links.slice(2)).toEqual([{ from: ["b_2", "Y"], to: ["s_2", "y"] }]);
  const having = pasteClip(document, clip, [10, 20], true);
  expect(having.graph.links.slice(2)).toEqual([
    { from: ["a", "X"], to: ["b_2", "x"] },
    { from: ["b_2", "Y"], to: ["s_2", "y"] },
  ]);
});

test("duplicates keep what feeds them", () => {
  const { graph, added } = duplicateNodes(document, new Map([["b", [1, 2]]]));
  expect(added).toEqual(["b_2"]);
  expect(graph.nodes["b_2"]!.at).toEqual([1, 2]);
  expect(graph.links.at(-1)).toEqual({ from: ["a", "X"], to: ["b_2", "x"] });
});

test("text that is no graph is no clip", () => {
  expect(readClip("hello")).toBe(null);
  expect(readClip("[1]")).toBe(null);
  expect(readClip('{"umbel": 1, "nodes": {"a": {}}}')).toBe(null);
});
