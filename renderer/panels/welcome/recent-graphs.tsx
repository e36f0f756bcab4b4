import { useEffect, useState } from "react";
import { openRecent } from "../../commands/graph-files.ts";
import type { RecentFile } from "#runtime/protocol/desktop-contract";
import { useEditor, useEditorStore } from "../../editor-context.tsx";
import { isDirty } from "../../stores/documents.ts";
import { Chip } from "../../ui/chip.tsx";
import { clockText, dayText } from "../figures.ts";

const MOST = 5;

/** Graphs that are open as they were left, then files that were open before. */
export function RecentGraphs({ onOpen }: { readonly onOpen: () => void }) {
  const editor = useEditor();
  const { documents, shell } = editor;
  const { tabs, open } = useEditorStore(
    (e) => e.documents,
    (state) => state,
  );
  const [files, setFiles] = useState<readonly RecentFile[]>([]);
  useEffect(() => {
    let wanted = true;
    shell
      .recents()
      .then((found) => {
        if (wanted) setFiles(found);
      })
      // A browser has none.
      .catch(() => undefined);
    return () => {
      wanted = false;
    };
  }, [shell]);
  const paths = new Set(Object.values(open).map(({ path }) => path));
  const before = files
    .filter(({ path }) => !paths.has(path))
    .slice(0, Math.max(0, MOST - tabs.length));
  const openFile = async (path: string): Promise<void> => {
    await openRecent(editor, path);
    onOpen();
  };
  if (tabs.length + before.length === 0) return null;
  return (
    <section className="recent" aria-label="Recent graphs">
      <h3 className="cap">Recent</h3>
      {tabs.slice(0, MOST).map((id) => {
        const entry = open[id];
        return entry === undefined ? null : (
          <button
            key={id}
            type="button"
            className="recent-row"
            onClick={() => {
              documents.activate(id);
              onOpen();
            }}
          >
            <span className="medium ellipsis">{entry.title}</span>
            {isDirty(entry) && <Chip tone="live">unsaved changes kept</Chip>}
            <span className="grow" />
            <span className="t3">open</span>
          </button>
        );
      })}
      {before.map(({ path, name, opened }) => (
        <button
          key={path}
          type="button"
          className="recent-row"
          title={path}
          onClick={() => void openFile(path)}
        >
          <span className="medium ellipsis">{name.replace(/\.json$/, "")}</span>
          <span className="grow" />
          <span className="t3">{whenText(opened)}</span>
        </button>
      ))}
    </section>
  );
}

/** "today, 09:41", "yesterday", "21 Nov". */
function whenText(time: number): string {
  const day = dayText(time, Date.now());
  return day === "Today" ? `today, ${clockText(time)}` : day === "Yesterday" ? "yesterday" : day;
}
