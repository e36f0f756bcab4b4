import { memo, useEffect, useRef } from "react";
import { useStore } from "zustand";
import { setReroutes } from "../stores/edit/links.ts";
import type { Point } from "../stores/edit/nodes.ts";
import {
  useCanvas,
  useCanvasState,
  useLink,
  useNodeRun,
  useScene,
  useWire,
} from "./canvas-context.tsx";
import { FarWires } from "./far-wires.tsx";
import type { LinkScene } from "./scene.ts";
import { socketColor } from "./socket-types.ts";
import { linePath, reroutePlace } from "./wire-path.ts";

/** All links, under the nodes: one by one near what is on screen, all of a type as one line when zoomed far out. */
export function Wires() {
  const { editor, levels, motion } = useCanvas();
  const keys = useScene((state) => state.linkKeys);
  const detail = useStore(levels.store, (state) => state.detail);
  const near = useStore(levels.store, (state) => state.nearLinks);
  const moving = useStore(motion.store, (state) => state.links);
  const hidden = useStore(editor.settings.store, (state) => state.linkStyle === "hidden");
  const wiring = useWire((state) => state.from !== null);
  if (hidden) return null;
  const single =
    detail === "block" ? [...moving] : keys.filter((key) => near.has(key) || moving.has(key));
  return (
    <svg className={wiring ? "wires wiring" : "wires"} aria-hidden="true">
      {detail === "block" && <FarWires />}
      {single.map((key) => (
        <Wire key={key} linkKey={key} />
      ))}
    </svg>
  );
}

const Wire = memo(function Wire({ linkKey }: { readonly linkKey: string }) {
  const canvas = useCanvas();
  const { editor } = canvas;
  const link = useLink(linkKey);
  const style = useStore(editor.settings.store, (state) => state.linkStyle);
  const selected = useStore(
    editor.selection.store,
    (state) =>
      state.links.has(linkKey) ||
      (link !== undefined &&
        (state.nodes.has(link.link.from[0]) || state.nodes.has(link.link.to[0]))),
  );
  const chosen = useStore(editor.selection.store, (state) => state.links.has(linkKey));
  const hovered = useCanvasState((state) => state.hoveredLink === linkKey);
  const dimmed = useCanvasState((state) => state.litType !== null && state.litType !== link?.type);
  const taken = useWire((state) => state.taken.includes(linkKey));
  if (link === undefined || taken) return null;
  const path = linePath(link, style);
  const color = socketColor(link.type);
  const width = chosen ? 4 : hovered ? 3 : selected ? 2.8 : 2;
  return (
    <g className={dimmed ? "wire dimmed" : "wire"} data-link={linkKey}>
      <path className="wire-casing" d={path} strokeWidth={width + 3.4} />
      <path className="wire-line" d={path} stroke={color} strokeWidth={width} />
      {chosen && <path className="wire-core" d={path} />}
      <Arriving link={link} path={path} />
      <path
        className="wire-hit"
        d={path}
        onPointerEnter={() => canvas.store.setState({ hoveredLink: linkKey })}
        onPointerLeave={() => canvas.store.setState({ hoveredLink: null })}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.stopPropagation();
          const at = canvas.toGraph(event.clientX, event.clientY);
          if (event.altKey) addReroute(canvas, link, at);
          else if (event.shiftKey || event.ctrlKey || event.metaKey)
            editor.selection.toggle({ links: [linkKey] });
          else editor.selection.set({ links: [linkKey] });
        }}
        onContextMenu={(event) => {
          event.preventDefault();
          event.stopPropagation();
          editor.selection.set({ links: [linkKey] });
          const at = { x: event.clientX, y: event.clientY };
          canvas.store.setState({ menu: { at, on: { kind: "link", key: linkKey } } });
        }}
      />
      {link.via.map((point, i) => (
        <Reroute key={i} link={link} index={i} at={point} color={color} />
      ))}
    </g>
  );
});

export function addReroute(canvas: ReturnType<typeof useCanvas>, link: LinkScene, at: Point): void {
  const place = reroutePlace(link, at);
  const via = link.via.toSpliced(place, 0, [Math.round(at[0]), Math.round(at[1])]);
  canvas.edit("Add a reroute", (graph) => setReroutes(graph, link.key, via));
}

/** A point that a link runs through: dragged to move, Alt-clicked or double-clicked to go. */
function Reroute(props: {
  readonly link: LinkScene;
  readonly index: number;
  readonly at: Point;
  readonly color: string;
}) {
  const canvas = useCanvas();
  const { link, index, at, color } = props;
  const remove = () =>
    canvas.edit("Remove a reroute", (graph) =>
      setReroutes(graph, link.key, link.via.toSpliced(index, 1)),
    );
  return (
    <circle
      className="reroute-dot"
      cx={at[0]}
      cy={at[1]}
      r="5"
      fill={color}
      onDoubleClick={(event) => {
        event.stopPropagation();
        remove();
      }}
      onPointerDown={(down) => {
        if (down.button !== 0) return;
        down.stopPropagation();
        if (down.altKey) return remove();
        const element = down.currentTarget;
        element.setPointerCapture(down.pointerId);
        let via = link.via;
        element.onpointermove = (event) => {
          const [x, y] = canvas.toGraph(event.clientX, event.clientY);
          via = link.via.with(index, [Math.round(x), Math.round(y)]);
          canvas.motion.setMovingVia(link.key, via);
        };
        element.onpointerup = () => {
          element.onpointermove = null;
          element.onpointerup = null;
          canvas.edit("Move a reroute", (graph) => setReroutes(graph, link.key, via));
          canvas.motion.setMovingVia(link.key, null);
        };
      }}
    />
  );
}

/** Light dots run once along a wire when what it carries has been made. */
function Arriving({ link, path }: { readonly link: LinkScene; readonly path: string }) {
  const run = useNodeRun(link.link.from[0]);
  const line = useRef<SVGPathElement>(null);
  const before = useRef(run?.status);
  useEffect(() => {
    const arrived = before.current === "running" && run?.status === "done";
    before.current = run?.status;
    if (!arrived || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    line.current?.animate(
      [
        { strokeDashoffset: 54, opacity: 0.9 },
        { strokeDashoffset: -54, opacity: 0.9 },
      ],
      { duration: 400 },
    );
  }, [run?.status]);
  return run === undefined ? null : <path ref={line} className="wire-data" d={path} />;
}
