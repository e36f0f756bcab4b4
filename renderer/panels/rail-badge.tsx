import { useEditorStore } from "../editor-context.tsx";
import type { PanelName } from "../stores/layout.ts";
import { usePanelStore } from "./panels-context.tsx";

/** How many jobs run and wait; how many files the graph in front lacks. */
export function RailBadge({ panel }: { readonly panel: PanelName }) {
  const jobs = useEditorStore(
    (editor) => editor.runs,
    ({ queue }) => queue.running.length + queue.waitingCount,
  );
  const missing = usePanelStore(
    (panels) => panels.modelFiles,
    (state) => state.missing.length,
  );
  const count = panel === "queue" ? jobs : panel === "models" ? missing : 0;
  return count === 0 ? null : <span className="badge">{count}</span>;
}
