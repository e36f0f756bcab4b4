import { useRef, useState } from "react";
import { useEditor, useEditorStore } from "../editor-context.tsx";
import { isDirty } from "../stores/documents.ts";
import { ContextMenu, type MenuEntry } from "../ui/menu.tsx";
import { IconButton } from "../ui/icon-button.tsx";
import { Icon } from "../ui/icon.tsx";
import { useCommands } from "../commands/command-context.tsx";

export function Tabs() {
  const tabs = useEditorStore(
    (editor) => editor.documents,
    (state) => state.tabs,
  );
  const commands = useCommands();
  return (
    <div className="tabs">
      <div className="tab-list" role="tablist" aria-label="Open graphs">
        {tabs.map((id) => (
          <Tab key={id} id={id} />
        ))}
      </div>
      <IconButton icon="plus" label="New graph" small onClick={() => commands.run("file.new")} />
    </div>
  );
}

function Tab({ id }: { readonly id: string }) {
  const editor = useEditor();
  const commands = useCommands();
  const { documents } = editor;
  const title = useEditorStore(
    () => documents,
    (state) => state.open[id]?.title ?? "",
  );
  const active = useEditorStore(
    () => documents,
    (state) => state.active === id,
  );
  const dirty = useEditorStore(
    () => documents,
    (state) => state.open[id] !== undefined && isDirty(state.open[id]),
  );
  const [renaming, setRenaming] = useState(false);
  const entries = (): readonly MenuEntry[] => [
    { label: "Rename", run: () => setRenaming(true) },
    { label: "Save", run: () => (documents.activate(id), commands.run("file.save")) },
    "line",
    { label: "Close", run: () => commands.closeTab(id) },
    {
      label: "Close others",
      run: () => {
        for (const other of documents.store.getState().tabs)
          if (other !== id) commands.closeTab(other);
      },
    },
  ];
  return (
    <ContextMenu entries={entries}>
      <div
        className={active ? "tab on" : "tab"}
        role="tab"
        tabIndex={active ? 0 : -1}
        aria-selected={active}
        aria-label={dirty ? `${title}, not saved` : title}
        draggable={!renaming}
        onPointerDown={(event) => event.button === 0 && documents.activate(id)}
        onAuxClick={(event) => event.button === 1 && commands.closeTab(id)}
        onDoubleClick={() => setRenaming(true)}
        onDragStart={(event) => event.dataTransfer.setData("text/umbel-tab", id)}
        onDragOver={(event) =>
          event.dataTransfer.types.includes("text/umbel-tab") && event.preventDefault()
        }
        onDrop={(event) => documents.move(event.dataTransfer.getData("text/umbel-tab"), id)}
        onKeyDown={(event) => {
          if (event.key === "Delete") commands.closeTab(id);
          else
            walkTabs(event, documents.store.getState().tabs, id, (next) =>
              documents.activate(next),
            );
        }}
      >
        {renaming ? (
          <RenameField
            title={title}
            onDone={(next) => {
              setRenaming(false);
              if (next !== null) documents.rename(id, next);
            }}
          />
        ) : (
          <span className="ellipsis">{title}</span>
        )}
        {/* For the mouse; the keyboard has Delete and the command. */}
        <span
          className={dirty ? "tab-close dirty" : "tab-close"}
          aria-hidden="true"
          onPointerDown={(event) => event.stopPropagation()}
          onClick={() => commands.closeTab(id)}
        >
          <span className="dirty-dot" />
          <Icon name="close" size={12} />
        </span>
      </div>
    </ContextMenu>
  );
}

function walkTabs(
  event: React.KeyboardEvent,
  tabs: readonly string[],
  id: string,
  activate: (id: string) => void,
): void {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  const next = tabs[tabs.indexOf(id) + step];
  if (step === 0 || next === undefined) return;
  activate(next);
  const list = event.currentTarget.parentElement;
  queueMicrotask(() =>
    (list?.querySelector("[aria-selected=true]") as HTMLElement | null)?.focus(),
  );
}

function RenameField(props: {
  readonly title: string;
  readonly onDone: (title: string | null) => void;
}) {
  const done = useRef(false);
  const finish = (title: string | null) => {
    if (done.current) return;
    done.current = true;
    props.onDone(title);
  };
  return (
    <input
      className="rename"
      aria-label="Title of the graph"
      defaultValue={props.title}
      autoFocus
      onFocus={(event) => event.currentTarget.select()}
      onBlur={(event) => finish(event.currentTarget.value)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") finish(event.currentTarget.value);
        if (event.key === "Escape") finish(null);
      }}
    />
  );
}
