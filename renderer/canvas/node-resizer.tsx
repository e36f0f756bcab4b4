import { setKey } from "../stores/edit/nodes.ts";
import { useCanvas } from "./canvas-context.tsx";
import { LEAST_WIDTH } from "./node-layout.ts";
import type { NodeScene } from "./scene.ts";

const STEP = 8;
const NOTE_LEAST = 48;

/** The right edge, and for notes the corner: drags in steps of 8 px. */
export function NodeResizer({ view }: { readonly view: NodeScene }) {
  const canvas = useCanvas();
  const { id, layout, model } = view;
  return (
    <div
      className={model.kind === "note" ? "resizer corner nodrag" : "resizer nodrag"}
      aria-hidden="true"
      onPointerDown={(down) => {
        if (down.button !== 0) return;
        down.stopPropagation();
        down.currentTarget.setPointerCapture(down.pointerId);
        const start = { x: down.clientX, y: down.clientY };
        const { zoom } = canvas.levels.viewport();
        const element = down.currentTarget;
        element.onpointermove = (event) => {
          const snap = (value: number) => Math.round(value / STEP) * STEP;
          const width = Math.max(
            LEAST_WIDTH,
            snap(layout.width + (event.clientX - start.x) / zoom),
          );
          const height = Math.max(
            NOTE_LEAST,
            snap(layout.height + (event.clientY - start.y) / zoom),
          );
          canvas.edit(
            "Resize",
            (graph) =>
              setKey(graph, [id], "size", [
                width,
                model.kind === "note" ? height : (view.node.size?.[1] ?? 0),
              ]),
            `${id} size`,
          );
        };
        element.onpointerup = () => {
          element.onpointermove = null;
          element.onpointerup = null;
          canvas.editor.documents.endMerge();
        };
      }}
    />
  );
}
