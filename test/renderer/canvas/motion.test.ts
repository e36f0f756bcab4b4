import { afterEach, beforeEach, expect, test } from "vitest";
import { createMotion, type Motion } from "../../../renderer/canvas/motion.ts";
import { createScene, type Scene } from "../../../renderer/canvas/scene.ts";
import type { Editor } from "../../../renderer/stores/editor.ts";
import { largeGraph, testEditor } from "./large-graph.ts";

let editor: Editor;
let scene: Scene;
let motion: Motion;

beforeEach(async () => {
  editor = await testEditor();
  editor.documents.open(largeGraph(40));
  scene = createScene(editor, { featureHeight: () => null });
  motion = createMotion(scene.store);
});
afterEach(() => {
  scene.stop();
  editor.stop();
});

const rest = (key: string) => scene.store.getState().links.get(key)!;

test("a drag leaves the scene alone, and tells only the links of what moves", () => {
  const before = scene.store.getState();
  const told: string[] = [];
  for (const key of before.linkKeys) motion.onLink(key, () => told.push(key));
  const box = before.boxes.get("n1")!;
  motion.setMoving(new Map([["n1", [box.x + 5, box.y - 6]]]));
  expect(scene.store.getState()).toBe(before);
  expect(told).toEqual(["n1 model", "n2 model"]);
  expect(motion.link("n1 model")!.to).toEqual([
    rest("n1 model").to[0] + 5,
    rest("n1 model").to[1] - 6,
  ]);
  expect(motion.link("n1 model")!.from).toEqual(rest("n1 model").from);
  expect(motion.link("n2 model")!.fromBox.x).toBe(rest("n2 model").fromBox.x + 5);
  expect(motion.link("n3 model")).toBe(rest("n3 model"));
});

test("what is let go is back in its place, and the links with it", () => {
  const places: [string[], string[]][] = [];
  motion.onPlaces((moving, back) => places.push([[...moving.keys()], [...back]]));
  motion.setMoving(new Map([["n1", [1, 2]]]));
  const { links } = motion.store.getState();
  motion.setMoving(new Map([["n1", [3, 4]]]));
  expect(motion.store.getState().links).toBe(links);
  motion.setMoving(new Map());
  expect(places).toEqual([
    [["n1"], []],
    [["n1"], []],
    [[], ["n1"]],
  ]);
  expect(motion.link("n1 model")).toBe(rest("n1 model"));
  expect(motion.store.getState().links.size).toBe(0);
});

test("the wires of a folded group go with it, those of its nodes alone stay at its edge", () => {
  editor.documents.edit("Fold", (document) => ({
    ...document,
    groups: [{ title: "g", at: [10, 20], size: [9, 9], nodes: ["n1"], folded: true }],
  }));
  expect(scene.store.getState().shown).not.toContain("n1");
  motion.setMoving(new Map([["n1", [500, 500]]]));
  expect(motion.link("n1 model")).toBe(rest("n1 model"));
  motion.setMoving(new Map([["group:0", [17, 28]]]));
  expect(motion.link("n1 model")!.to).toEqual([17, rest("n1 model").to[1] + 8]);
});

test("a reroute that is dragged is drawn where it is dragged to", () => {
  motion.setMovingVia("n1 model", [[7, 8]]);
  expect(motion.link("n1 model")!.via).toEqual([[7, 8]]);
  motion.setMovingVia("n1 model", null);
  expect(motion.link("n1 model")).toBe(rest("n1 model"));
});
