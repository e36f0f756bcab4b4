import { afterEach, beforeEach, expect, test } from "vitest";
import { DOCUMENT_VERSION, type GraphDocument } from "#runtime/graph/document";
import type { NodeDescription } from "#runtime/protocol/node-description";
import { runGraph } from "../../../renderer/commands/run-graph.ts";
import type { Editor } from "../../../renderer/stores/editor.ts";
import { testEditor } from "../canvas/large-graph.ts";

const SAVE: NodeDescription = {
  type: "Save",
  title: "Save",
  category: "video",
  description: "",
  version: 1,
  inputs: [],
  outputs: [],
  output: true,
  deprecated: false,
  searchAliases: [],
};

let editor: Editor;

beforeEach(async () => {
  editor = await testEditor();
});
afterEach(() => editor.stop());

const graph = (links: GraphDocument["links"] = []): GraphDocument => ({
  umbel: DOCUMENT_VERSION,
  nodes: { sampler: { type: "KSampler", values: { steps: 20 } } },
  links,
});
const shown = () => editor.toasts.store.getState().shown.map(({ title }) => title);
const layout = () => editor.layout.store.getState();

test("without a graph, Run says that there is none", async () => {
  expect(await runGraph(editor)).toBe(false);
  expect(shown()).toEqual(["No graph is open"]);
});

test("with problems, Run counts them, names one and shows the list, also out of focus mode", async () => {
  editor.documents.open(graph());
  editor.layout.set({ focusMode: true });
  expect(await runGraph(editor)).toBe(false);
  expect(await runGraph(editor)).toBe(false);
  expect(shown()).toEqual(["Not queued: 4 problems"]);
  expect(layout()).toMatchObject({ dockTab: "problems", dockFolded: false, focusMode: false });
});

test("a run that nobody asked for leaves the window as it is", async () => {
  editor.documents.open(graph());
  expect(await runGraph(editor, {}, { unasked: true })).toBe(false);
  expect(shown()).toEqual([]);
  expect(layout().dockTab).toBe("player");
});

test("in a paused queue, Run says that it waits, and lets it go on", async () => {
  editor.stop();
  editor = await testEditor([SAVE]);
  editor.documents.open({ ...graph(), nodes: { save: { type: "Save", values: {} } } });
  await editor.client.call("queue.pause", { paused: true });
  expect(await runGraph(editor)).toBe(true);
  expect(shown()).toEqual(["Queued, and the queue is paused"]);
  editor.toasts.store.getState().shown[0]!.action!.run();
  await expect.poll(() => editor.runs.store.getState().queue.paused).toBe(false);
});
