import { expect, test, vi } from "vitest";
import type { GraphDocument } from "#runtime/graph/document";
import { createDocuments, emptyDocument, isDirty } from "../../../renderer/stores/documents.ts";
import { setValue } from "../../../renderer/stores/edit/nodes.ts";
import { withGraph } from "../../../renderer/stores/edit/graph-at.ts";

// State lives without React: this fails as soon as a store imports it.
vi.mock("react", () => {
  throw new Error("a store imports react");
});

const graph = (): GraphDocument => ({
  ...emptyDocument(),
  nodes: { a: { type: "A", values: { steps: 1 } }, b: { type: "B", values: {} } },
});
const steps = (value: number) => (document: GraphDocument) =>
  withGraph(document, null, (root) => setValue(root, "a", "steps", value));

function open() {
  let time = 0;
  let id = 0;
  const documents = createDocuments(
    () => time,
    () => `tab-${++id}`,
  );
  documents.open(graph(), { title: "one" });
  return { documents, pass: (ms: number) => (time += ms) };
}

test("an edit shares everything that it does not change", () => {
  const { documents } = open();
  const before = documents.active()!.document;
  documents.edit("Set steps", steps(5));
  const after = documents.active()!.document;
  expect(after.nodes["a"]!.values["steps"]).toBe(5);
  expect(after.nodes["b"]).toBe(before.nodes["b"]);
  expect(after.links).toBe(before.links);
});

test("undo and redo give back the very same documents, and say what they did", () => {
  const { documents } = open();
  const first = documents.active()!.document;
  documents.edit("Set steps", steps(5));
  const second = documents.active()!.document;
  expect(documents.undo()).toBe("Set steps");
  expect(documents.active()!.document).toBe(first);
  expect(documents.redo()).toBe("Set steps");
  expect(documents.active()!.document).toBe(second);
  expect(documents.redo()).toBe(null);
});

test("an edit that changes nothing is no step", () => {
  const { documents } = open();
  documents.edit("Set steps", steps(1));
  expect(documents.active()!.history.undo).toEqual([]);
});

test("edits with one key in a row are one step, until a pause or letting go", () => {
  const { documents, pass } = open();
  for (const value of [2, 3, 4]) documents.edit("Set steps", steps(value), { merge: "a steps" });
  expect(documents.active()!.history.undo).toHaveLength(1);
  pass(1001);
  documents.edit("Set steps", steps(5), { merge: "a steps" });
  expect(documents.active()!.history.undo).toHaveLength(2);
  documents.endMerge();
  documents.edit("Set steps", steps(6), { merge: "a steps" });
  expect(documents.active()!.history.undo).toHaveLength(3);
  documents.undo();
  documents.undo();
  documents.undo();
  expect(documents.active()!.document.nodes["a"]!.values["steps"]).toBe(1);
});

test("an undone document that is the saved one is not dirty", () => {
  const { documents } = open();
  const entry = () => documents.active()!;
  documents.markSaved(entry().id, "folder/one.json", entry().document);
  expect(isDirty(entry())).toBe(false);
  documents.edit("Set steps", steps(9));
  expect(isDirty(entry())).toBe(true);
  documents.undo();
  expect(isDirty(entry())).toBe(false);
});

test("a file that is open is shown, not opened again", () => {
  const { documents } = open();
  const id = documents.open(graph(), { path: "x/two.json" });
  documents.activate("tab-1");
  expect(documents.open(graph(), { path: "x/two.json" })).toBe(id);
  expect(documents.store.getState().tabs).toHaveLength(2);
  expect(documents.active()!.title).toBe("two");
});

test("closing the tab in front shows its neighbour; tabs can be moved", () => {
  const { documents } = open();
  documents.open(graph(), { title: "two" });
  documents.open(graph(), { title: "three" });
  documents.move("tab-3", "tab-1");
  expect(documents.store.getState().tabs).toEqual(["tab-3", "tab-1", "tab-2"]);
  documents.close("tab-3");
  expect(documents.store.getState().active).toBe("tab-1");
});

test("a change of the view is not undone and does not make a graph dirty", () => {
  const { documents } = open();
  const { id } = documents.active()!;
  documents.markSaved(id, "one.json", documents.active()!.document);
  documents.annotate(id, (document) => ({ ...document, view: { at: [1, 2], zoom: 3 } }));
  expect(isDirty(documents.active()!)).toBe(false);
  expect(documents.undo()).toBe(null);
});
