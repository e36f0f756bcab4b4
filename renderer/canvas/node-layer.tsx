import { memo, useEffect, useRef } from "react";
import { useStore } from "zustand";
import { FOLDED, isFolded } from "../stores/edit/groups.ts";
import type { Point } from "../stores/edit/nodes.ts";
import { useCanvas, useDetail, useNodeScene, useScene } from "./canvas-context.tsx";
import { groupId } from "./group-ids.ts";
import { GroupView } from "./group-view.tsx";
import { NodeBlock } from "./node-tile.tsx";
import { NodeView } from "./node-view.tsx";
import { pressNode, type ViewMover } from "./node-press.ts";

const translate = ([x, y]: Point): string => `translate(${x}px,${y}px)`;

/** Groups and nodes at their places. What is dragged is moved outside of React. */
export function NodeLayer({ view }: { readonly view: ViewMover }) {
  const canvas = useCanvas();
  const layer = useRef<HTMLDivElement>(null);
  const shown = useScene((state) => state.shown);
  const groups = useScene((state) => state.graph?.groups?.length ?? 0);

  useEffect(() => {
    const { scene, motion } = canvas;
    let shells: Map<string, HTMLElement> | null = null;
    return motion.onPlaces((moving, back) => {
      if (shells === null) {
        const all = layer.current?.children ?? [];
        shells = new Map(
          Array.from(all, (shell) => [
            (shell as HTMLElement).dataset["shell"]!,
            shell as HTMLElement,
          ]),
        );
      }
      for (const [id, at] of moving) {
        const shell = shells.get(id);
        if (shell !== undefined) shell.style.transform = translate(at);
      }
      const { boxes, graph } = scene.store.getState();
      for (const id of back) {
        const shell = shells.get(id);
        const box = boxes.get(id);
        const [x, y] =
          box === undefined
            ? (graph?.groups?.find((_, index) => groupId(index) === id)?.at ?? [0, 0])
            : [box.x, box.y];
        if (shell !== undefined) shell.style.transform = translate([x, y]);
      }
      if (moving.size === 0) shells = null;
    });
  }, [canvas]);

  return (
    <div
      ref={layer}
      className="node-layer"
      onPointerDown={(event) => pressNode(canvas, view, event.nativeEvent)}
    >
      {Array.from({ length: groups }, (_, index) => (
        <GroupShell key={groupId(index)} index={index} />
      ))}
      {shown.map((id) => (
        <NodeShell key={id} id={id} />
      ))}
    </div>
  );
}

const NodeShell = memo(function NodeShell({ id }: { readonly id: string }) {
  const { editor } = useCanvas();
  const box = useScene((state) => state.boxes.get(id));
  const view = useNodeScene(id);
  const selected = useStore(editor.selection.store, (state) => state.nodes.has(id));
  const detail = useDetail(id);
  if (box === undefined || view === undefined) return null;
  const place = {
    transform: translate([box.x, box.y]),
    width: box.width,
    height: box.height,
    zIndex: selected ? 4 : 3,
  };
  if (detail === "block" && view.model.kind !== "note")
    return <NodeBlock view={view} selected={selected} place={place} />;
  return (
    // The class "react-flow__node" lets the middle button pan over a node.
    <div className="react-flow__node node-shell nopan" data-shell={id} style={place}>
      <NodeView view={view} selected={selected} detail={detail} />
    </div>
  );
});

const GroupShell = memo(function GroupShell({ index }: { readonly index: number }) {
  const { editor } = useCanvas();
  const group = useScene((state) => state.graph?.groups?.[index]);
  const selected = useStore(editor.selection.store, (state) => state.groups.has(index));
  if (group === undefined) return null;
  const [width, height] = isFolded(group) ? [FOLDED.width, FOLDED.height] : group.size;
  return (
    <div
      className="react-flow__node node-shell group-shell nopan"
      data-shell={groupId(index)}
      style={{ transform: translate([group.at[0], group.at[1]]), width, height }}
    >
      <GroupView index={index} group={group} selected={selected} />
    </div>
  );
});
