import { afterEach, beforeEach, expect, test } from "vitest";
import { createScene, type Scene } from "../../../renderer/canvas/scene.ts";
import { createWireDrag, wireTargets } from "../../../renderer/canvas/wire-drag.ts";
import { withGraph } from "../../../renderer/stores/edit/graph-at.ts";
import { removeNodes, setValue } from "../../../renderer/stores/edit/nodes.ts";
import type { Editor } from "../../../renderer/stores/editor.ts";
import { largeGraph, testEditor } from "./large-graph.ts";

let editor: Editor;
let scene: Scene;

beforeEach(async () => {
  editor = await testEditor();
  editor.documents.open(largeGraph(40));
  scene = createScene(editor, { featureHeight: () => null });
});
afterEach(() => {
  scene.stop();
  editor.stop();
});

const state = () => scene.store.getState();

test("a value edit makes one node new and leaves boxes and links as they are", () => {
  const before = state();
  editor.documents.edit("Set", (document) =>
    withGraph(document, null, (graph) => setValue(graph, "n3", "steps", 5)),
  );
  const after = state();
  const changed = [...after.nodes].filter(([id, view]) => before.nodes.get(id) !== view);
  expect(changed.map(([id]) => id)).toEqual(["n3"]);
  expect(after.boxes).toBe(before.boxes);
  expect(after.links).toBe(before.links);
});

test("a measured height moves what stands below it, and the links that end there", async () => {
  const height = () => state().nodes.get("n3")!.layout.height;
  const before = height();
  scene.setHeight("n3", "steps", 40);
  await Promise.resolve();
  expect(height()).toBe(before + 14);
});

test("nodes that undo brings back show what they showed, without being made anew", () => {
  const before = state();
  editor.documents.edit("Delete", (document) =>
    withGraph(document, null, (graph) => removeNodes(graph, new Set(["n2", "n3"]))),
  );
  expect(state().shown).not.toContain("n3");
  editor.documents.undo();
  expect(state().nodes.get("n3")).toBe(before.nodes.get("n3"));
  expect(state().shown).toEqual(before.shown);
});

test("a wire knows what fits it, why the rest does not, and what would be a loop", () => {
  const targets = wireTargets(state(), { node: "n1", socket: "MODEL", side: "out", type: "MODEL" });
  const at = (node: string, socket: string) =>
    targets.find((target) => target.node === node && target.socket === socket)!;
  expect(at("n3", "model").fits).toBe(true);
  expect(at("n3", "positive").reason).toBe("Expected CONDITIONING, got MODEL.");
  expect(at("n0", "model").reason).toContain("loop");
  expect(at("n3", "steps").fits).toBe(false);
  expect(targets.some(({ node }) => node === "n1")).toBe(false);
});

test("the end of a wire snaps to the nearest socket that fits, before one that does not", () => {
  const wire = createWireDrag(scene);
  wire.start({ node: "n1", socket: "MODEL", side: "out", type: "MODEL" }, [0, 0]);
  const box = state().boxes.get("n3")!;
  const y = state().nodes.get("n3")!.layout.inputs.get("model")!;
  wire.move([box.x + 4, box.y + y + 14], 24);
  expect(wire.store.getState().target).toMatchObject({ node: "n3", socket: "model", fits: true });
  wire.move([box.x + 4, box.y + y + 60], 24);
  expect(wire.store.getState().target?.socket).not.toBe("model");
  wire.end();
  expect(wire.store.getState().from).toBe(null);
});
