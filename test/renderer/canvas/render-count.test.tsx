// @vitest-environment happy-dom
import { act, cleanup, render } from "@testing-library/react";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { Canvas } from "../../../renderer/canvas/canvas.tsx";
import {
  CommandProvider,
  useCommands,
  type Commands,
} from "../../../renderer/commands/command-context.tsx";
import { EditorProvider } from "../../../renderer/editor-context.tsx";
import { removeNodes, setValue } from "../../../renderer/stores/edit/nodes.ts";
import type { Editor } from "../../../renderer/stores/editor.ts";
import { TooltipProvider } from "../../../renderer/ui/tooltip.tsx";
import { largeGraph, testEditor } from "./large-graph.ts";

const NODES = 240;
let editor: Editor;
let commands: Commands;
const drawn: string[] = [];
const shown = () => document.querySelectorAll("[data-node]").length;

beforeAll(() => {
  vi.stubGlobal("matchMedia", () => ({
    matches: true,
    addEventListener() {},
    removeEventListener() {},
  }));
});

function Catch() {
  commands = useCommands();
  return null;
}

beforeEach(async () => {
  editor = await testEditor();
  editor.documents.open(largeGraph(NODES), { title: "large" });
  render(
    <EditorProvider editor={editor}>
      <TooltipProvider>
        <CommandProvider>
          <Canvas />
          <Catch />
        </CommandProvider>
      </TooltipProvider>
    </EditorProvider>,
  );
  await act(async () => {});
  commands.model!.onRender = (id) => drawn.push(id);
  drawn.length = 0;
});
afterEach(() => {
  cleanup();
  editor.stop();
});

test("a value edit draws one again, a drag and a pan none", { timeout: 60_000 }, () => {
  expect(shown()).toBe(NODES);
  const model = commands.model!;
  act(() => model.edit("Set steps", (graph) => setValue(graph, "n3", "steps", 7)));
  expect(drawn).toEqual(["n3"]);
  drawn.length = 0;
  act(() => model.motion.setMoving(new Map([["n7", [10, 10]]])));
  act(() => model.levels.look({ x: -500, y: -300, zoom: 0.3 }));
  expect(drawn).toEqual([]);
  act(() => editor.selection.set({ nodes: ["n9"] }));
  // The one chosen, and the one that the Tab key came to before.
  expect(drawn.toSorted()).toEqual(["n0", "n9"]);
});

test("deleted nodes come back, all of them, with their links", { timeout: 60_000 }, () => {
  const model = commands.model!;
  const half = new Set(Array.from({ length: NODES / 2 }, (_, i) => `n${i}`));
  const links = editor.documents.active()!.document.links.length;
  act(() => model.edit("Delete half", (graph) => removeNodes(graph, half)));
  expect(model.scene.store.getState().nodes.size).toBe(NODES / 2);
  act(() => void editor.documents.undo());
  expect(model.scene.store.getState().nodes.size).toBe(NODES);
  expect(editor.documents.active()!.document.links).toHaveLength(links);
  expect(shown()).toBe(NODES);
});
