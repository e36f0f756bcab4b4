import { useRef } from "react";
import { runGraph } from "../commands/run-graph.ts";
import { changeNodes } from "../stores/edit/nodes.ts";
import type { NodeRunState } from "../stores/run-events.ts";
import { Button } from "../ui/button.tsx";
import { useCanvas } from "./canvas-context.tsx";
import { useMeasured } from "./node-fields.tsx";
import type { NodeScene } from "./scene.ts";

interface MessageProps {
  readonly view: NodeScene;
  readonly error: NonNullable<NodeRunState["error"]>;
}

/** What went wrong in a node, in plain words, with what to do. */
export function NodeMessage({ view, error }: MessageProps) {
  const canvas = useCanvas();
  const part = useRef<HTMLDivElement>(null);
  useMeasured(part, view.id, "message");
  const [first = "", ...rest] = error.message.split(/(?<=\.)\s+/);
  const tiles = tiledClass(canvas, view, error.code);
  return (
    <div ref={part} className="node-message nodrag" role="alert">
      <p>
        <b>{first}</b> {rest.join(" ")}
      </p>
      <div className="row" style={{ gap: 6 }}>
        {tiles !== null && (
          <Button
            small
            kind="primary"
            onClick={() => {
              canvas.edit("Swap to tiles", (graph) =>
                changeNodes(graph, [view.id], (node) => ({ ...node, type: tiles })),
              );
              void runGraph(canvas.editor);
            }}
          >
            Swap to tiles and run
          </Button>
        )}
        <Button
          small
          icon="copy"
          onClick={() => {
            const details = `${view.node.type} #${view.id}\n${error.code}\n${error.message}`;
            void navigator.clipboard.writeText(details);
          }}
        >
          Copy details
        </Button>
      </div>
    </div>
  );
}

/** The class that does the same in tiles, when memory ran out and there is one. */
function tiledClass(
  canvas: ReturnType<typeof useCanvas>,
  view: NodeScene,
  code: string,
): string | null {
  if (!/MEMORY/.test(code)) return null;
  const name = `${view.node.type}Tiled`;
  return canvas.editor.nodes.store.getState().descriptions.has(name) ? name : null;
}
