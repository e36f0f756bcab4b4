/** The graph: React Flow moves, drags and selects; what is seen is ours. */
import {
  ReactFlow,
  ReactFlowProvider,
  SelectionMode,
  useReactFlow,
  ViewportPortal,
  type Node,
  type NodeChange,
  type Viewport,
} from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useStore } from "zustand";
import { useCommands } from "../commands/command-context.tsx";
import { useEditor, useEditorStore } from "../editor-context.tsx";
import { NODE_FEATURES } from "../slots.tsx";
import { NODE_DRAG_TYPE } from "../commands/node-drag-type.ts";
import { Breadcrumb } from "./breadcrumb.tsx";
import { CanvasProvider, useCanvas, useScene } from "./canvas-context.tsx";
import { CanvasMenu } from "./canvas-menu.tsx";
import { createCanvasModel } from "./canvas-model.ts";
import { CanvasTools } from "./canvas-tools.tsx";
import { DrawnWire } from "./drawn-wire.tsx";
import { EmptyGraph } from "./empty-graph.tsx";
import { createFlowNodes, groupIndex, isGroupId } from "./flow-nodes.ts";
import { GroupView } from "./group-view.tsx";
import { GuideLines } from "./guide-lines.tsx";
import { Lasso } from "./lasso.tsx";
import { Minimap } from "./minimap.tsx";
import { createNodeDrag } from "./node-drag.ts";
import { NodeView } from "./node-view.tsx";
import { useCanvasHandle } from "./use-canvas-handle.ts";
import { emptyDrop } from "./wire-gesture.ts";
import { Wires } from "./wires.tsx";
import "./canvas.css";
import "./node.css";

const FEATURE_ESTIMATE = 320;
const NODE_TYPES = { umbel: NodeView, umbelGroup: GroupView };
const PAN_ON = [0, 1];
const MULTI_KEYS = ["Shift", "Control", "Meta"];
const FIT = { padding: 0.08, maxZoom: 1 };

export function Canvas() {
  const editor = useEditor();
  const model = useMemo(
    () =>
      createCanvasModel(editor, {
        featureHeight: (type) => (type in NODE_FEATURES ? FEATURE_ESTIMATE : null),
      }),
    [editor],
  );
  const commands = useCommands();
  useEffect(() => {
    commands.model = model;
    return () => {
      commands.model = null;
    };
  }, [commands, model]);
  return (
    <CanvasProvider model={model}>
      <ReactFlowProvider>
        <Flow />
      </ReactFlowProvider>
    </CanvasProvider>
  );
}

function Flow() {
  const canvas = useCanvas();
  const { editor } = canvas;
  const flow = useReactFlow();
  const root = useRef<HTMLDivElement>(null);
  const commands = useCommands();
  const drag = useMemo(() => createNodeDrag(canvas), [canvas]);
  const nodes = useFlowNodes();
  const depth = useScene((state) => state.path.length);
  const hasGraph = useScene((state) => state.document !== null);
  const empty = useScene((state) => state.graph !== null && state.nodes.size === 0);
  const minimap = useEditorStore(
    (e) => e.layout,
    (state) => state.minimap,
  );
  const lasso = useLassoKeys();
  const handle = useCanvasHandle(root);
  commands.canvas = handle;
  canvas.toGraph = (x, y) => {
    const at = flow.screenToFlowPosition({ x, y }, { snapToGrid: false });
    return [at.x, at.y];
  };
  emptyDrop.current = (from, x, y) =>
    commands.openPalette({ kind: "search", at: { x, y }, wire: from });
  useKeptViews(root);

  useEffect(() => {
    const element = root.current;
    if (element === null) return;
    // Asked for once and then told: reading it while moving would lay out the page each time.
    const measure = () => canvas.levels.resize(element.clientWidth, element.clientHeight);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [canvas]);

  const onMove = useCallback(
    (_: unknown, viewport: Viewport) => {
      const element = root.current;
      if (element === null) return;
      drawDots(element, viewport);
      canvas.levels.look(viewport);
    },
    [canvas],
  );
  const onNodesChange = useCallback(
    (changes: NodeChange[]) => {
      drag.apply(changes);
      const selects = changes.filter((change) => change.type === "select");
      if (selects.length === 0) return;
      const now = editor.selection.store.getState();
      const chosen = new Set(now.nodes);
      const groups = new Set(now.groups);
      for (const { id, selected } of selects) {
        if (isGroupId(id)) mark(groups, groupIndex(id), selected);
        else mark(chosen, id, selected);
      }
      editor.selection.set({ nodes: chosen, groups });
    },
    [drag, editor],
  );
  const stopDrag = useCallback(
    (event: { readonly altKey: boolean }) => drag.stop(event.altKey),
    [drag],
  );

  return (
    <div
      ref={root}
      className={lasso ? "canvas with-lasso" : "canvas"}
      style={{ "--depth": depth } as React.CSSProperties}
      onDragOver={(event) => {
        if (event.dataTransfer.types.includes(NODE_DRAG_TYPE)) event.preventDefault();
      }}
      onDrop={(event) => {
        const type = event.dataTransfer.getData(NODE_DRAG_TYPE);
        if (type === "") return;
        event.preventDefault();
        commands.addNode(type, canvas.toGraph(event.clientX, event.clientY));
      }}
      onDoubleClick={(event) => {
        if (
          !(event.target instanceof Element) ||
          !event.target.classList.contains("react-flow__pane")
        )
          return;
        commands.openPalette({
          kind: "search",
          at: { x: event.clientX, y: event.clientY },
          wire: null,
        });
      }}
    >
      <ReactFlow
        nodes={nodes}
        nodeTypes={NODE_TYPES}
        onNodesChange={onNodesChange}
        onNodeDragStart={drag.start}
        onNodeDragStop={stopDrag}
        onSelectionDragStart={drag.start}
        onSelectionDragStop={stopDrag}
        onMove={onMove}
        onInit={(instance) => onMove(null, instance.getViewport())}
        onPaneClick={() => editor.selection.set()}
        onPaneContextMenu={(event) => {
          event.preventDefault();
          const at = { x: event.clientX, y: event.clientY };
          canvas.store.setState({ menu: { at, on: { kind: "pane" } } });
        }}
        minZoom={0.05}
        maxZoom={3}
        panOnDrag={PAN_ON}
        panOnScroll={false}
        zoomOnDoubleClick={false}
        selectionKeyCode="Shift"
        selectionMode={SelectionMode.Partial}
        multiSelectionKeyCode={MULTI_KEYS}
        panActivationKeyCode="Space"
        deleteKeyCode={null}
        disableKeyboardA11y
        nodesFocusable={false}
        nodesConnectable={false}
        elevateNodesOnSelect={false}
        nodeDragThreshold={2}
        proOptions={PRO}
      >
        <ViewportPortal>
          <Wires />
        </ViewportPortal>
        <ViewportPortal>
          <div className="over-nodes">
            <DrawnWire />
            <GuideLines />
          </div>
        </ViewportPortal>
      </ReactFlow>
      {lasso && <Lasso />}
      <Breadcrumb />
      {hasGraph && !empty && <CanvasTools />}
      {hasGraph && !empty && minimap && <Minimap />}
      {(empty || !hasGraph) && <EmptyGraph />}
      <CanvasMenu />
    </div>
  );
}

function mark<T>(set: Set<T>, item: T, isIn: boolean): void {
  if (isIn) set.add(item);
  else set.delete(item);
}

const PRO = { hideAttribution: true };

function useFlowNodes(): Node[] {
  const { scene, editor } = useCanvas();
  const derive = useMemo(createFlowNodes, []);
  const boxes = useStore(scene.store, (state) => state.boxes);
  const moving = useStore(scene.store, (state) => state.moving);
  const groups = useStore(scene.store, (state) => state.graph?.groups);
  const views = useStore(scene.store, (state) => state.nodes);
  const selected = useStore(editor.selection.store, (state) => state.nodes);
  const selectedGroups = useStore(editor.selection.store, (state) => state.groups);
  return useMemo(
    () => derive(scene.store.getState(), editor.selection.store.getState()),
    // oxlint-disable-next-line react-hooks/exhaustive-deps
    [derive, scene, editor, boxes, moving, groups, views, selected, selectedGroups],
  );
}

/** The ground's dots: every 24 px, every second one below 50 %, none below 25 %. Drawn as a background, outside of React. */
function drawDots(element: HTMLElement, { x, y, zoom }: Viewport): void {
  const step = (zoom < 0.5 ? 48 : 24) * zoom;
  element.style.setProperty("--dot-step", zoom < 0.25 ? "0px" : `${step}px`);
  element.style.setProperty("--dot-x", `${x + step / 2}px`);
  element.style.setProperty("--dot-y", `${y + step / 2}px`);
}

function useLassoKeys(): boolean {
  const [down, setDown] = useState(false);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => setDown(event.altKey && event.shiftKey);
    const blur = () => setDown(false);
    window.addEventListener("keydown", listen);
    window.addEventListener("keyup", listen);
    window.addEventListener("blur", blur);
    return () => {
      window.removeEventListener("keydown", listen);
      window.removeEventListener("keyup", listen);
      window.removeEventListener("blur", blur);
    };
  }, []);
  return down;
}

/** Each graph and subgraph comes back as it was last looked at; a new one is fitted. */
function useKeptViews(root: React.RefObject<HTMLDivElement | null>): void {
  const canvas = useCanvas();
  const flow = useReactFlow();
  const views = useRef(new Map<string, Viewport>());
  const place = useScene((state) =>
    state.document === null ? "" : [state.document, ...state.path].join("/"),
  );
  const ready = useScene((state) => state.nodes.size > 0);
  const last = useRef("");
  useEffect(() => {
    if (last.current !== "" && last.current !== place)
      views.current.set(last.current, canvas.levels.viewport());
    if (!ready || last.current === place) return;
    last.current = place;
    const kept = views.current.get(place);
    if (kept !== undefined) void flow.setViewport(kept);
    else if (root.current !== null) requestAnimationFrame(() => void flow.fitView(FIT));
  }, [place, ready, canvas, flow, root]);
}
