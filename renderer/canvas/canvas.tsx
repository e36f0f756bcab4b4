/** The graph. React Flow moves the view; its own nodes and edges cost too much in large graphs, so that these are ours. */
import {
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  ViewportPortal,
  type Viewport,
} from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useCommands } from "../commands/command-context.tsx";
import { useEditor, useEditorStore } from "../editor-context.tsx";
import { NODE_FEATURES } from "../slots.tsx";
import { NODE_DRAG_TYPE } from "../commands/node-drag-type.ts";
import { BoxSelect } from "./box-select.tsx";
import { Breadcrumb } from "./breadcrumb.tsx";
import { CanvasProvider, useCanvas, useScene } from "./canvas-context.tsx";
import { CanvasMenu } from "./canvas-menu.tsx";
import { createCanvasModel } from "./canvas-model.ts";
import { CanvasTools } from "./canvas-tools.tsx";
import { DrawnWire } from "./drawn-wire.tsx";
import { EmptyGraph } from "./empty-graph.tsx";
import { fitted, LEAST_ZOOM, MOST_ZOOM } from "./fitted.ts";
import { GuideLines } from "./guide-lines.tsx";
import { Lasso } from "./lasso.tsx";
import { Minimap } from "./minimap.tsx";
import { NodeLayer } from "./node-layer.tsx";
import { COARSE, FINE } from "./node-layout.ts";
import { useCanvasHandle } from "./use-canvas-handle.ts";
import { emptyDrop } from "./wire-gesture.ts";
import { Wires } from "./wires.tsx";
import "./canvas.css";
import "./node.css";

const FEATURE_ESTIMATE = 320;
const PAN_PLAIN = [0, 1];
const PAN_MIDDLE = [1];

export function Canvas() {
  const editor = useEditor();
  const model = useMemo(
    () =>
      createCanvasModel(editor, {
        metrics: matchMedia("(pointer: coarse)").matches ? COARSE : FINE,
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
  const depth = useScene((state) => state.path.length);
  const hasGraph = useScene((state) => state.document !== null);
  const empty = useScene((state) => state.graph !== null && state.nodes.size === 0);
  const minimap = useEditorStore(
    (e) => e.layout,
    (state) => state.minimap,
  );
  const lasso = useLassoKeys();
  const onGround = useRef(false);
  const handle = useCanvasHandle(root);
  commands.canvas = handle;
  canvas.toGraph = (x, y) => {
    const at = flow.screenToFlowPosition({ x, y }, { snapToGrid: false });
    return [at.x, at.y];
  };
  emptyDrop.current = (wires, x, y) =>
    commands.openPalette({ kind: "search", at: { x, y }, wires });
  const panOn = useEditorStore(
    (e) => e.settings,
    (state) => (state.groundDrag === "select" ? PAN_MIDDLE : PAN_PLAIN),
  );
  const view = useMemo(
    () => ({
      set: (viewport: Viewport) => void flow.setViewport(viewport),
      bounds: () => root.current!.getBoundingClientRect(),
    }),
    [flow],
  );

  useLayoutEffect(() => {
    const element = root.current;
    if (element === null) return;
    // Asked for once and then told: reading it while moving would lay out the page each time.
    const measure = () => canvas.levels.resize(element.clientWidth, element.clientHeight);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [canvas]);
  const startViews = useKeptViews();

  const onMove = useCallback(
    (_: unknown, viewport: Viewport) => {
      const element = root.current;
      if (element === null) return;
      drawDots(element, viewport);
      canvas.levels.look(viewport);
    },
    [canvas],
  );
  return (
    <div
      ref={root}
      className={lasso ? "canvas with-lasso" : "canvas"}
      style={{ "--depth": depth } as React.CSSProperties}
      onPointerDownCapture={({ target }) => {
        onGround.current = isGround(target);
      }}
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
        if (!isGround(event.target)) return;
        commands.openPalette({
          kind: "search",
          at: { x: event.clientX, y: event.clientY },
          wires: [],
        });
      }}
    >
      <ReactFlow
        onMove={onMove}
        onInit={(instance) => {
          onMove(null, instance.getViewport());
          startViews();
        }}
        onPaneClick={() => {
          // What was pressed on a node and let go beside it is no click on the ground.
          if (onGround.current) editor.selection.set();
        }}
        onPaneContextMenu={(event) => {
          event.preventDefault();
          const at = { x: event.clientX, y: event.clientY };
          canvas.store.setState({ menu: { at, on: { kind: "pane" } } });
        }}
        minZoom={LEAST_ZOOM}
        maxZoom={MOST_ZOOM}
        panOnDrag={panOn}
        panOnScroll={false}
        zoomOnDoubleClick={false}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        panActivationKeyCode="Space"
        deleteKeyCode={null}
        disableKeyboardA11y
        proOptions={PRO}
      >
        <ViewportPortal>
          <Wires />
          <NodeLayer view={view} />
        </ViewportPortal>
        <ViewportPortal>
          <div className="over-nodes">
            <DrawnWire />
            <GuideLines />
          </div>
        </ViewportPortal>
      </ReactFlow>
      <BoxSelect root={root} />
      {lasso && <Lasso />}
      <Breadcrumb />
      {hasGraph && !empty && <CanvasTools />}
      {hasGraph && !empty && minimap && <Minimap />}
      {(empty || !hasGraph) && <EmptyGraph />}
      <CanvasMenu />
    </div>
  );
}

const isGround = (target: EventTarget): boolean =>
  target instanceof Element && target.classList.contains("react-flow__pane");

const PRO = { hideAttribution: true };

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

/** Each graph and subgraph comes back as it was last looked at; a new one is fitted. Returned: starts it, once there is a view. */
function useKeptViews(): () => void {
  const canvas = useCanvas();
  const flow = useReactFlow();
  const views = useRef(new Map<string, Viewport>());
  const place = useScene((state) =>
    state.document === null ? "" : [state.document, ...state.path].join("/"),
  );
  const filled = useScene((state) => state.nodes.size > 0);
  const [started, setStarted] = useState(false);
  const last = useRef("");
  // Before anything is drawn, so that nothing is drawn where it is not looked at.
  useLayoutEffect(() => {
    if (!started) return;
    const { levels } = canvas;
    if (last.current !== "" && last.current !== place)
      views.current.set(last.current, levels.viewport());
    if (!filled || last.current === place) return;
    last.current = place;
    const view = views.current.get(place) ?? fitted(canvas, null);
    if (view !== null) void flow.setViewport(view);
    levels.refresh();
  }, [place, filled, started, canvas, flow]);
  return useCallback(() => setStarted(true), []);
}
