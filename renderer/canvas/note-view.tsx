import { useState } from "react";
import Markdown from "react-markdown";
import { setValue } from "../stores/edit/nodes.ts";
import { valueText } from "../widgets/value-text.ts";
import { useCanvas, useTabStop } from "./canvas-context.tsx";
import { tintColor } from "./categories.ts";
import { nodeKeys } from "./node-keys.ts";
import { NodeResizer } from "./node-resizer.tsx";
import type { NodeScene } from "./scene.ts";

/** Keys under which notes of different origin keep their text. */
const TEXT_KEYS = ["text", "value", "note", "content"];

export const noteKey = (values: Readonly<Record<string, unknown>>): string =>
  TEXT_KEYS.find((key) => typeof values[key] === "string") ?? "text";

/** Markdown; HTML in it is shown as text, and links go nowhere by themselves. */
export function NoteView({
  view,
  selected,
}: {
  readonly view: NodeScene;
  readonly selected: boolean;
}) {
  const canvas = useCanvas();
  const { id, node, model } = view;
  const tabStop = useTabStop(id);
  const [editing, setEditing] = useState(false);
  const key = noteKey(node.values);
  const text = valueText(node.values[key]);
  const style = {
    "--note": node.color === undefined ? "var(--t-STRING)" : tintColor(node.color, "util"),
  };
  return (
    <div
      className={selected ? "node note selected" : "node note"}
      style={style as React.CSSProperties}
      role="group"
      aria-label={`${node.title ?? "Note"}: ${text.slice(0, 80)}`}
      data-node={id}
      tabIndex={tabStop}
      onDoubleClick={(event) => {
        event.stopPropagation();
        setEditing(true);
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && event.target === event.currentTarget) {
          event.preventDefault();
          setEditing(true);
        } else nodeKeys(event, canvas, id);
      }}
      onContextMenu={(event) => {
        event.preventDefault();
        const at = { x: event.clientX, y: event.clientY };
        canvas.store.setState({ menu: { at, on: { kind: "node", id } } });
      }}
    >
      {editing ? (
        <textarea
          className="note-text nodrag nowheel"
          aria-label={`${model.title}, Markdown`}
          autoFocus
          value={text}
          onChange={(event) => {
            const { value } = event.currentTarget;
            canvas.edit("Edit a note", (graph) => setValue(graph, id, key, value), `${id} ${key}`);
          }}
          onBlur={() => {
            setEditing(false);
            canvas.editor.documents.endMerge();
          }}
          onKeyDown={(event) => {
            if (event.key === "Escape") event.currentTarget.blur();
            if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
          }}
        />
      ) : (
        <div className="note-body nowheel">
          {node.title !== undefined && <b>{node.title}</b>}
          {text === "" ? (
            <p className="t3">Double-click to write. Markdown works.</p>
          ) : (
            <Markdown components={{ a: NoteLink, img: ({ alt }) => <span>{alt}</span> }}>
              {text}
            </Markdown>
          )}
        </div>
      )}
      <NodeResizer view={view} />
    </div>
  );
}

function NoteLink(props: {
  readonly href?: string | undefined;
  readonly children?: React.ReactNode;
}) {
  return (
    <span className="note-link" title={props.href}>
      {props.children}
    </span>
  );
}
