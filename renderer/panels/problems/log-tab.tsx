/** Messages of this session, newest first: what the toasts said, and how jobs ended. */
import { useEditor, useEditorStore } from "../../editor-context.tsx";
import type { Toast } from "../../stores/toasts.ts";
import { Button } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { EmptyState } from "../notices/empty-state.tsx";
import { TOAST_ICONS } from "../notices/toast-stack.tsx";
import "./problems.css";

export function LogTab() {
  const { toasts } = useEditor();
  const log = useEditorStore(
    (editor) => editor.toasts,
    (state) => state.log,
  );
  if (log.length === 0) {
    return (
      <EmptyState icon="note" title="Nothing to tell">
        Messages of this session stay here.
      </EmptyState>
    );
  }
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(log.map(logLine).join("\n"));
    } catch (error) {
      toasts.fail("The log was not copied", error);
    }
  };
  return (
    <div className="log">
      <div className="log-bar">
        <Button kind="quiet" small icon="copy" onClick={() => void copy()}>
          Copy all
        </Button>
      </div>
      <ol>
        {log.toReversed().map((entry) => (
          <li key={entry.id}>
            <time className="mono t3">{timeText(entry.time)}</time>
            <span className={entry.kind}>
              <Icon name={TOAST_ICONS[entry.kind]} size={14} />
            </span>
            <div className="grow">
              <span className="medium">{entry.title}</span>
              {entry.detail !== undefined && <span className="t2"> {entry.detail}</span>}
            </div>
          </li>
        ))}
      </ol>
    </div>
  );
}

function timeText(time: number): string {
  return new Date(time).toTimeString().slice(0, 8);
}

function logLine({ time, kind, title, detail }: Toast): string {
  return [timeText(time), kind, title, detail ?? ""].join("  ").trimEnd();
}
