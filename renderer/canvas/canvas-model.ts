/** What the canvas keeps besides the document, and what it lets others do to the graph on screen. No React. */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { DocumentGraph, GraphDocument } from "#runtime/graph/document";
import { promoteValue } from "../stores/edit/subgraphs.ts";
import { withGraph } from "../stores/edit/graph-at.ts";
import type { Point } from "../stores/edit/nodes.ts";
import type { Editor } from "../stores/editor.ts";
import { createLevels, type Levels } from "./level-of-detail.ts";
import { createMotion, type Motion } from "./motion.ts";
import { createScene, type Scene, type SceneOptions } from "./scene.ts";
import { createWireDrag, type WireDrag } from "./wire-drag.ts";

export interface Guides {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

export interface CanvasState {
  /** Socket type whose wires are lit, from the legend. */
  readonly litType: string | null;
  readonly hoveredLink: string | null;
  readonly guides: Guides | null;
  /** Where a context menu stands, in window pixels, and over what. */
  readonly menu: CanvasMenu | null;
  /** The node whose title is being edited. */
  readonly renaming: string | null;
}

export interface CanvasMenu {
  readonly at: { readonly x: number; readonly y: number };
  readonly on:
    | { readonly kind: "pane" }
    | { readonly kind: "node"; readonly id: string }
    | { readonly kind: "group"; readonly index: number }
    | { readonly kind: "link"; readonly key: string }
    | { readonly kind: "field"; readonly id: string; readonly name: string };
}

export interface CanvasModel {
  readonly editor: Editor;
  readonly scene: Scene;
  readonly motion: Motion;
  readonly levels: Levels;
  readonly wire: WireDrag;
  readonly store: StoreApi<CanvasState>;
  /** Set by the canvas while it is on screen. */
  toGraph: (clientX: number, clientY: number) => Point;
  /** Called for each drawing of a node, by tests that count them. */
  onRender: ((id: string) => void) | null;
  /** Changes the graph on screen. */
  edit(label: string, change: (graph: DocumentGraph) => DocumentGraph, merge?: string): void;
  editDocument(label: string, change: (document: GraphDocument) => GraphDocument): void;
  /** Makes a field inside a subgraph one of the subgraph's node. */
  promote(node: string, input: string): void;
  stop(): void;
}

export function createCanvasModel(editor: Editor, options: SceneOptions): CanvasModel {
  const scene = createScene(editor, options);
  const store = createStore<CanvasState>(() => ({
    litType: null,
    hoveredLink: null,
    guides: null,
    menu: null,
    renaming: null,
  }));
  const motion = createMotion(scene.store);
  return {
    editor,
    scene,
    motion,
    store,
    toGraph: (x, y) => [x, y],
    onRender: null,
    levels: createLevels(scene, () => motion.moving().keys()),
    wire: createWireDrag(scene),
    edit(label, change, merge) {
      const { ref } = scene.store.getState();
      editor.documents.edit(label, (document) => withGraph(document, ref, change), { merge });
    },
    editDocument: (label, change) => editor.documents.edit(label, change),
    promote(node, input) {
      const { ref } = scene.store.getState();
      if (ref === null) return;
      const { descriptions } = editor.nodes.store.getState();
      editor.documents.edit("Promote a value", (document) =>
        promoteValue(document, ref, node, input, descriptions),
      );
    },
    stop: () => scene.stop(),
  };
}
