import { expect, test } from "vitest";
import type { DocumentGraph } from "#runtime/graph/document";
import { alignBoxes } from "../../../../renderer/stores/edit/arrange.ts";
import { aroundBoxes, foldedBoxes, groupMembers } from "../../../../renderer/stores/edit/groups.ts";

const box = (x: number, y: number, width = 100, height = 50) => ({ x, y, width, height });
const boxes = new Map([
  ["a", box(0, 0)],
  ["b", box(130, 40, 60)],
  ["c", box(400, 10)],
]);

test("edges come into line with the outermost one", () => {
  expect(alignBoxes(boxes, "left").get("c")).toEqual([0, 10]);
  expect(alignBoxes(boxes, "right").get("b")).toEqual([440, 40]);
  expect(alignBoxes(boxes, "top").get("b")).toEqual([130, 0]);
  expect(alignBoxes(boxes, "bottom").get("c")).toEqual([400, 40]);
  expect(alignBoxes(new Map([["a", box(0, 0)]]), "left").size).toBe(0);
});

test("distributing leaves equal gaps and the outermost where they are", () => {
  const places = alignBoxes(boxes, "across");
  expect(places.get("a")).toEqual([0, 0]);
  expect(places.get("b")).toEqual([220, 40]);
  expect(places.get("c")).toEqual([400, 10]);
});

test("a group holds what has its middle inside, or what it names", () => {
  const group = {
    title: "g",
    at: [-10, -10] as [number, number],
    size: [220, 90] as [number, number],
  };
  expect(groupMembers(group, boxes)).toEqual(["a", "b"]);
  expect(groupMembers({ ...group, nodes: ["c", "gone"] }, boxes)).toEqual(["c"]);
});

test("a new group stands 12 px around its nodes and 38 px above them", () => {
  expect(aroundBoxes([box(0, 0), box(130, 40, 60)])).toEqual({ at: [-12, -38], size: [214, 140] });
});

test("nodes of a folded group stand where it stands", () => {
  const group = { title: "g", at: [5, 6], size: [9, 9], nodes: ["a", "b"], folded: true };
  const graph = { nodes: {}, links: [], groups: [group] } as unknown as DocumentGraph;
  const still = foldedBoxes(graph, boxes);
  expect([...still.keys()]).toEqual(["a", "b"]);
  expect(still.get("a")).toEqual({ x: 5, y: 6, width: 208, height: 32 });
  expect(still.get("a")).toBe(still.get("b"));
});
