import type { ReactNode } from "react";
import { useEditor, useEditorStore } from "../editor-context.tsx";
import { IconButton } from "../ui/icon-button.tsx";
import "./panels.css";

interface PanelHeadProps {
  readonly title: string;
  readonly count?: ReactNode;
  /** Buttons at the right. */
  readonly children?: ReactNode;
}

/** Head of a rail panel: its title, what it holds, and the pin that puts it beside the canvas. */
export function PanelHead({ title, count, children }: PanelHeadProps) {
  const { layout } = useEditor();
  const pinned = useEditorStore(
    (editor) => editor.layout,
    (state) => state.panelPinned,
  );
  return (
    <header className="panel-head">
      <h2>{title}</h2>
      {count !== null && count !== undefined && <span className="t3">{count}</span>}
      <span className="grow" />
      {children}
      <IconButton
        icon="pin"
        label={pinned ? "Lay the panel over the canvas" : "Pin the panel beside the canvas"}
        small
        pressed={pinned}
        onClick={() => layout.set({ panelPinned: !pinned })}
      />
      <IconButton
        icon="close"
        label="Close the panel"
        small
        onClick={() => layout.set({ panel: null })}
      />
    </header>
  );
}
