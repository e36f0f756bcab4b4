/** Short messages above the dock: three at most, six seconds; they stay under the pointer, and errors stay. */
import { useEffect, useState } from "react";
import { useEditor, useEditorStore } from "../../editor-context.tsx";
import type { Toast } from "../../stores/toasts.ts";
import { Button } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { IconButton } from "../../ui/icon-button.tsx";
import type { IconName } from "../../ui/icon-paths.ts";
import "./notices.css";

const SHOWN_MS = 6000;

export const TOAST_ICONS: Readonly<Record<Toast["kind"], IconName>> = {
  done: "check",
  info: "history",
  warning: "warn",
  error: "error",
};

export function ToastStack() {
  const shown = useEditorStore(
    (editor) => editor.toasts,
    (state) => state.shown,
  );
  const dock = useEditorStore(
    (editor) => editor.layout,
    ({ focusMode, dockFolded, dockHeight }) => (focusMode ? 0 : dockFolded ? 34 : dockHeight),
  );
  return (
    <div className="toasts" style={{ bottom: dock + 12 }} role="region" aria-label="Messages">
      {shown.map((toast) => (
        <ToastCard key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

function ToastCard({ toast }: { readonly toast: Toast }) {
  const { toasts } = useEditor();
  const [held, setHeld] = useState(false);
  const { id, kind, title, detail, action } = toast;
  useEffect(() => {
    if (held || kind === "error") return undefined;
    const timer = setTimeout(() => toasts.dismiss(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [toasts, id, kind, held]);
  return (
    <div
      className="pop toast"
      role={kind === "error" ? "alert" : "status"}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span className={`toast-icon ${kind}`}>
        <Icon name={TOAST_ICONS[kind]} />
      </span>
      <div className="grow">
        <div className="medium">{title}</div>
        {detail !== undefined && <div className="t2 small toast-detail">{detail}</div>}
      </div>
      {action !== undefined && (
        <Button
          small
          onClick={() => {
            action.run();
            toasts.dismiss(id);
          }}
        >
          {action.label}
        </Button>
      )}
      <IconButton icon="close" label="Dismiss" small onClick={() => toasts.dismiss(id)} />
    </div>
  );
}
