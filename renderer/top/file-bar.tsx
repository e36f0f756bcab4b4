/** Under the tabs, when the file of the graph in front is open elsewhere or was written by another program. */
import { loadFromFile, openCopy } from "../commands/graph-files.ts";
import { useActive, useEditor, useEditorStore } from "../editor-context.tsx";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import "./file-bar.css";

export function FileBar() {
  const editor = useEditor();
  const entry = useActive();
  const path = entry?.path ?? null;
  const link = useEditorStore(
    ({ fileLinks }) => fileLinks,
    ({ links }) => (path === null ? undefined : links[path]),
  );
  if (entry === null || path === null || link === undefined) return null;
  const { shell, fileLinks } = editor;
  if (link.changed !== null) {
    const gone = link.changed === "removed";
    return (
      <div className="file-bar" role="status">
        <Icon name="warn" size={14} />
        <span>{gone ? "The file is gone." : "Another program has written this file."}</span>
        {!gone && (
          <Button small onClick={() => void loadFromFile(editor, entry)}>
            Load it
          </Button>
        )}
        <Button small kind="quiet" onClick={() => fileLinks.keep(path)}>
          Keep what is here
        </Button>
      </div>
    );
  }
  if (!link.shared) return null;
  return (
    <div className="file-bar" role="status">
      <Icon name="warn" size={14} />
      <span>Also open in another window.</span>
      <Button small onClick={() => void shell.showOther(path)}>
        Switch there
      </Button>
      <Button small kind="quiet" onClick={() => openCopy(editor, entry)}>
        Open a copy
      </Button>
    </div>
  );
}
