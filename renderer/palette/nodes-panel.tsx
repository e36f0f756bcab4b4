import { useMemo, useState } from "react";
import type { NodeDescription } from "#runtime/protocol/node-description";
import { categoryLook } from "../canvas/categories.ts";
import { useCommands } from "../commands/command-context.tsx";
import { NODE_DRAG_TYPE } from "../commands/node-drag-type.ts";
import { useEditor, useEditorStore } from "../editor-context.tsx";
import { Icon } from "../ui/icon.tsx";
import { IconButton } from "../ui/icon-button.tsx";
import { rankNodes } from "./rank-nodes.ts";
import "./palette.css";

/** The library of node classes by category: a click adds one, a drag puts it where it is dropped. */
export function NodesPanel() {
  const { layout } = useEditor();
  const [query, setQuery] = useState("");
  const descriptions = useEditorStore(
    (editor) => editor.nodes,
    (state) => state.descriptions,
  );
  const groups = useMemo(() => {
    const found = rankNodes([...descriptions.values()], query, [], null).others.map(
      ({ description }) => description,
    );
    const byCategory = new Map<string, NodeDescription[]>();
    for (const description of found) {
      const list = byCategory.get(description.category);
      if (list === undefined) byCategory.set(description.category, [description]);
      else list.push(description);
    }
    return query.trim() === ""
      ? [...byCategory].toSorted(([a], [b]) => (a < b ? -1 : 1))
      : [...byCategory];
  }, [descriptions, query]);
  return (
    <div className="nodes-panel">
      <div className="palette-head">
        <Icon name="search" size={14} />
        <input
          aria-label="Find a node class"
          placeholder="Find a node"
          value={query}
          onChange={(event) => setQuery(event.currentTarget.value)}
        />
        <IconButton
          icon="close"
          label="Close the panel"
          small
          onClick={() => layout.set({ panel: null })}
        />
      </div>
      <div className="nodes-list">
        {groups.map(([category, list]) => (
          <section key={category} aria-label={category}>
            <h3 className="cap palette-heading">{category}</h3>
            {list.map((description) => (
              <NodeRow key={description.type} description={description} />
            ))}
          </section>
        ))}
        {groups.length === 0 && <p className="palette-none t2">Nothing matches.</p>}
      </div>
    </div>
  );
}

function NodeRow({ description }: { readonly description: NodeDescription }) {
  const commands = useCommands();
  const look = categoryLook(description);
  return (
    <button
      type="button"
      className="node-row"
      title={description.description}
      draggable
      onDragStart={(event) => {
        event.dataTransfer.setData(NODE_DRAG_TYPE, description.type);
        event.dataTransfer.effectAllowed = "copy";
      }}
      onClick={() => commands.addNode(description.type)}
    >
      <span className="palette-icon" style={{ color: `var(--c-${look.tint})` }}>
        <Icon name={look.icon} size={14} />
      </span>
      <span className="ellipsis medium">{description.title}</span>
      <span className="ellipsis t3">{description.type}</span>
    </button>
  );
}
