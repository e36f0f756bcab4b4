import { useMemo } from "react";
import { useStore } from "zustand";
import { useCanvas, useCanvasState, useScene } from "./canvas-context.tsx";
import { socketColor } from "./socket-types.ts";
import { linePath } from "./wire-path.ts";

/** Far away, all wires of a type are one line, and those of what is selected another: too thin to be pointed at. */
export function FarWires() {
  const { editor, motion } = useCanvas();
  const links = useScene((state) => state.links);
  const moving = useStore(motion.store, (state) => state.links);
  const nodes = useStore(editor.selection.store, (state) => state.nodes);
  const chosen = useStore(editor.selection.store, (state) => state.links);
  const style = useStore(editor.settings.store, (state) => state.linkStyle);
  const lit = useCanvasState((state) => state.litType);
  const lines = useMemo(() => {
    const found = new Map<string, { type: string; selected: boolean; parts: string[] }>();
    for (const link of links.values()) {
      if (moving.has(link.key)) continue;
      const { type, key } = link;
      const selected =
        chosen.has(key) || nodes.has(link.link.from[0]) || nodes.has(link.link.to[0]);
      const name = `${type} ${selected}`;
      let line = found.get(name);
      if (line === undefined) found.set(name, (line = { type, selected, parts: [] }));
      line.parts.push(linePath(link, style));
    }
    return [...found].map(([name, { type, selected, parts }]) => ({
      name,
      type,
      selected,
      path: parts.join(""),
    }));
  }, [links, moving, nodes, chosen, style]);
  return lines.map(({ name, type, selected, path }) => (
    <g key={name} className={lit !== null && lit !== type ? "wire dimmed" : "wire"}>
      <path
        className="wire-line"
        d={path}
        stroke={socketColor(type)}
        strokeWidth={selected ? 6 : 3}
      />
    </g>
  ));
}
