import { useReactFlow } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { useCommands } from "../commands/command-context.tsx";
import { useEditor, useEditorStore } from "../editor-context.tsx";
import { Icon } from "../ui/icon.tsx";
import { Tooltip } from "../ui/tooltip.tsx";
import { useCanvas, useScene } from "./canvas-context.tsx";
import { SocketGlyph } from "./socket-glyph.tsx";
import { membersOf } from "./socket-types.ts";

/** Bottom left: fit, zoom, legend. */
export function CanvasTools() {
  const { layout } = useEditor();
  const commands = useCommands();
  const legend = useEditorStore(
    (editor) => editor.layout,
    (state) => state.legend,
  );
  return (
    <div className="canvas-tools">
      {legend && <Legend />}
      <div className="float">
        <Tooltip label="Fit" keys={commands.keysOf("view.fit")} side="top">
          <button type="button" aria-label="Fit" onClick={() => commands.run("view.fit")}>
            <Icon name="fit" size={14} />
          </button>
        </Tooltip>
        <ZoomLabel />
        <button
          type="button"
          aria-expanded={legend}
          onClick={() => layout.set({ legend: !legend })}
        >
          Legend
        </button>
      </div>
    </div>
  );
}

/** Says the zoom; written outside of React, as it changes with each turn of the wheel. */
function ZoomLabel() {
  const canvas = useCanvas();
  const flow = useReactFlow();
  const label = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const show = ({ zoom }: { readonly zoom: number }) => {
      const text = `${Math.round(zoom * 100)} %`;
      if (label.current !== null && label.current.textContent !== text)
        label.current.textContent = text;
    };
    show(canvas.levels.viewport());
    return canvas.levels.onLook(show);
  }, [canvas]);
  return (
    <button
      ref={label}
      type="button"
      className="zoom"
      title="Zoom to 100 %"
      onClick={() => void flow.zoomTo(1, { duration: 140 })}
    />
  );
}

/** The types in the open graph; pointing at one lights its wires. */
function Legend() {
  const canvas = useCanvas();
  const types = useScene((state) => {
    const found = new Set<string>();
    for (const { model } of state.nodes.values())
      for (const { type } of [...model.inputs, ...model.outputs]) found.add(type);
    return [...found]
      .toSorted((a, b) => membersOf(a).length - membersOf(b).length || (a < b ? -1 : 1))
      .join("\n");
  });
  const light = (litType: string | null) => canvas.store.setState({ litType });
  return (
    <ul className="legend float" aria-label="Socket types" onPointerLeave={() => light(null)}>
      {types.split("\n").map((type) => (
        <li key={type} onPointerEnter={() => light(type)}>
          <SocketGlyph type={type} />
          {type === "*" ? "* (any)" : type}
        </li>
      ))}
    </ul>
  );
}
