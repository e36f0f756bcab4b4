import { expect, test } from "vitest";
import type { DocumentGraph } from "#runtime/graph/document";
import {
  connect,
  disconnect,
  linkKey,
  setReroutes,
} from "../../../../renderer/stores/edit/links.ts";
import {
  dropValues,
  freeId,
  moveNodes,
  removeNodes,
  setKey,
  setValue,
} from "../../../../renderer/stores/edit/nodes.ts";

const graph = (): DocumentGraph => ({
  nodes: {
    a: { type: "A", values: { steps: 20 }, at: [0, 0] },
    b: { type: "B", values: {} },
    c: { type: "C", values: {} },
  },
  links: [
    { from: ["a", "X"], to: ["b", "x"] },
    { from: ["b", "Y"], to: ["c", "y"], via: [[1, 2]] },
  ],
  groups: [{ title: "g", at: [0, 0], size: [10, 10], nodes: ["a", "b"] }],
});

test("what changes nothing gives back the same graph", () => {
  const g = graph();
  expect(setValue(g, "a", "steps", 20)).toBe(g);
  expect(setValue(g, "missing", "steps", 1)).toBe(g);
  expect(dropValues(g, "a", ["cfg"])).toBe(g);
  expect(setKey(g, ["b"], "state", undefined)).toBe(g);
  expect(moveNodes(g, new Map([["a", [0, 0]]]))).toBe(g);
  expect(removeNodes(g, new Set(["missing"]))).toBe(g);
  expect(disconnect(g, new Set(["b other"]))).toBe(g);
  expect(connect(g, ["a", "X"], ["b", "x"])).toBe(g);
});

test("a removed node takes its links along and leaves its groups", () => {
  const next = removeNodes(graph(), new Set(["b"]));
  expect(Object.keys(next.nodes)).toEqual(["a", "c"]);
  expect(next.links).toEqual([]);
  expect(next.groups![0]!.nodes).toEqual(["a"]);
});

test("an input holds one link: a new one takes the place of the old", () => {
  const next = connect(graph(), ["a", "Z"], ["c", "y"]);
  expect(next.links).toEqual([
    { from: ["a", "X"], to: ["b", "x"] },
    { from: ["a", "Z"], to: ["c", "y"] },
  ]);
});

test("reroutes go with their link, and the last one takes the key along", () => {
  const key = linkKey(["c", "y"]);
  const two = setReroutes(graph(), key, [
    [1, 2],
    [3, 4],
  ]);
  expect(two.links[1]!.via).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect("via" in setReroutes(two, key, []).links[1]!).toBe(false);
});

test("a flag that is taken off leaves no key behind", () => {
  const muted = setKey(graph(), ["a", "b"], "state", "muted");
  expect(muted.nodes["a"]!.state).toBe("muted");
  const back = setKey(muted, ["a", "b"], "state", undefined);
  expect(back.nodes).toEqual(graph().nodes);
});

test("free ids count on and have no odd characters", () => {
  const taken = new Set(["KSampler", "KSampler_2", "a_b"]);
  const free = (wanted: string) => freeId((id) => taken.has(id), wanted);
  expect(free("KSampler")).toBe("KSampler_3");
  expect(free("KSampler_2")).toBe("KSampler_3");
  expect(free("a b")).toBe("a_b_2");
  expect(free("Label (rgthree)")).toBe("Label_rgthree");
  expect(free("  ")).toBe("node");
});
