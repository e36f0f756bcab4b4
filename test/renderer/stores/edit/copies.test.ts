import { expect, test } from "vitest";
import { DOCUMENT_VERSION, type GraphDocument } from "#runtime/graph/document";
import {
  clipText,
  duplicate,
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
  const { graph, added } = duplicate(document, new Map([["b", [1, 2]]]));
  expect(added).toEqual(["b_2"]);
  expect(graph.nodes["b_2"]!.at).toEqual([1, 2]);
  expect(graph.links.at(-1)).toEqual({ from: ["a", "X"], to: ["b_2", "x"] });
});

test("text that is no graph is no clip", () => {
  expect(readClip("hello")).toBe(null);
  expect(readClip("[1]")).toBe(null);
  expect(readClip('{"umbel": 1, "nodes": {"a": {}}}')).toBe(null);
});

test("groups are duplicated with the nodes that they name", () => {
  const groups = [
    { title: "Loads", at: [-10, -40], size: [400, 200], nodes: ["a", "b"] },
    { title: "Rest", at: [500, 0], size: [100, 100] },
  ] satisfies GraphDocument["groups"];
  const places = new Map([
    ["a", [0, 300] as const],
    ["b", [100, 300] as const],
  ]);
  const { graph, added, addedGroups } = duplicate(
    { ...document, groups },
    places,
    new Map([[0, [-10, 260]]]),
  );
  expect(added).toEqual(["a_2", "b_2"]);
  expect(addedGroups).toEqual([2]);
  expect(graph.groups).toEqual([
    ...groups,
    { title: "Loads", at: [-10, 260], size: [400, 200], nodes: ["a_2", "b_2"] },
  ]);
});
