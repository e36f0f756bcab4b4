/** Right of the canvas: what is selected, or the plan of the graph. A pin keeps it on one node. */
import { useState } from "react";
import { useActive, useEditorStore } from "../../editor-context.tsx";
import { graphWith } from "../radial/graph-with.ts";
import { isRadialNode } from "../radial/geometry.ts";
import { Chip } from "../../ui/chip.tsx";
import { IconButton } from "../../ui/icon-button.tsx";
import { NodeFacts } from "./node-facts.tsx";
import { PlanSections } from "./plan-sections.tsx";
import { RadialSections } from "./radial-sections.tsx";
import "./inspector.css";

interface Pinned {
  readonly document: string;
  readonly node: string;
}

export function Inspector() {
  const active = useActive();
  const selected = useEditorStore(
    (editor) => editor.selection,
    ({ nodes }) => nodes,
  );
  const descriptions = useEditorStore(
    (editor) => editor.nodes,
    (state) => state.descriptions,
  );
  const [pinned, setPinned] = useState<Pinned | null>(null);
  if (active === null) return null;
  const kept = pinned !== null && pinned.document === active.id ? pinned.node : null;
  const id = kept ?? (selected.size === 1 ? [...selected][0] : undefined) ?? null;
  const graph = id === null ? null : graphWith(active.document, id);
  const node = id === null ? undefined : graph?.nodes[id];
  if (id === null || graph === null || node === undefined) {
    return (
      <div className="inspector-content">
        <header className="inspector-head">
          <h2>Plan</h2>
          {selected.size > 1 && <Chip>{selected.size} selected</Chip>}
        </header>
        <PlanSections />
      </div>
    );
  }
  const description = descriptions.get(node.type);
  const title = node.title ?? description?.title ?? node.type;
  return (
    <div className="inspector-content">
      <header className="inspector-head">
        <h2 className="ellipsis" title={title}>
          {title}
        </h2>
        <Chip>{node.type}</Chip>
        <span className="grow" />
        <IconButton
          icon="pin"
          label={kept === null ? "Keep this node here" : "Follow the selection"}
          small
          pressed={kept !== null}
          onClick={() => setPinned(kept === null ? { document: active.id, node: id } : null)}
        />
      </header>
      {isRadialNode(node) && (
        <RadialSections document={active.id} graph={active.document} node={id} />
      )}
      {isRadialNode(node) && <PlanSections />}
      <NodeFacts document={active.id} node={id} value={node} description={description} />
    </div>
  );
}
