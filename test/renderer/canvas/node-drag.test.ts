import { afterEach, beforeEach, expect, test } from "vitest";
import { createCanvasModel, type CanvasModel } from "../../../renderer/canvas/canvas-model.ts";
import { groupId } from "../../../renderer/canvas/group-ids.ts";
import { beginNodeDrag } from "../../../renderer/canvas/node-drag.ts";
import type { Editor } from "../../../renderer/stores/editor.ts";
import { largeGraph, testEditor } from "./large-graph.ts";

let editor: Editor;
let canvas: CanvasModel;

/** n0 and n1 in an inner group, n2 beside it in the outer one, pinned; n3 outside. */
const GROUPS = [
  { title: "Outer", at: [-40, -80], size: [920, 500] },
  { title: "Inner", at: [-20, -40], size: [560, 400], nodes: ["n0", "n1"] },
] as const;

beforeEach(async () => {
  editor = await testEditor();
  const graph = largeGraph(4);
  graph.nodes["n2"]!["pinned"] = true;
  editor.documents.open({
    ...graph,
    groups: GROUPS.map((group) => ({ ...group })) as unknown as (typeof graph)["groups"],
  });
  canvas = createCanvasModel(editor, { featureHeight: () => null });
});
afterEach(() => {
  canvas.stop();
  editor.stop();
});

const graph = () => editor.documents.active()!.document;
const at = (id: string) => graph().nodes[id]!.at;

test("a group takes along its nodes and the groups inside, and leaves pinned nodes", () => {
  editor.selection.set({ groups: [0] });
  const drag = beginNodeDrag(canvas, groupId(0))!;
  drag.move([0, 800]);
  drag.drop(false);
  expect(graph().groups!.map((group) => group.at)).toEqual([
    [-40, 720],
    [-20, 760],
  ]);
  expect([at("n0"), at("n1"), at("n2"), at("n3")]).toEqual([
    [0, 800],
    [300, 800],
    [600, 0],
    [900, 0],
  ]);
});

test("with Alt the group stays, and a copy of it holds copies of all that it holds", () => {
  editor.selection.set({ groups: [0] });
  const before = graph();
  const drag = beginNodeDrag(canvas, groupId(0))!;
  drag.move([0, 800]);
  drag.drop(true);
  const after = graph();
  expect(after.groups!.slice(0, 2)).toEqual(before.groups);
  expect(after.groups!.slice(2)).toEqual([
    { ...GROUPS[0], at: [-40, 720] },
    { ...GROUPS[1], at: [-20, 760], nodes: ["n0_2", "n1_2"] },
  ]);
  expect([at("n0_2"), at("n1_2"), at("n2_2")]).toEqual([
    [0, 800],
    [300, 800],
    [600, 800],
  ]);
  expect(Object.keys(after.nodes)).toHaveLength(7);
  expect(after.links).toContainEqual({ from: ["n0_2", "MODEL"], to: ["n1_2", "model"] });
  const { nodes, groups } = editor.selection.store.getState();
  expect([...nodes].toSorted()).toEqual(["n0_2", "n1_2", "n2_2"]);
  expect([...groups]).toEqual([2, 3]);
  editor.documents.undo();
  expect(graph()).toEqual(before);
});
