/** Under the tabs, when nothing can run: the runtime is gone, or its engine does not start. */
import { useState } from "react";
import { useEditor, useEditorStore } from "../editor-context.tsx";
import { CopyDetails } from "../panels/notices/copy-details.tsx";
import { usePanels, usePanelStore } from "../panels/panels-context.tsx";
import { failureDetails } from "../stores/startup.ts";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import "./file-bar.css";

export function RuntimeBar() {
  const { startup, layout } = useEditor();
  const { memory } = usePanels();
  const gone = useEditorStore(
    (editor) => editor.startup,
    (state) => state.failure,
  );
  const device = usePanelStore(
    (panels) => panels.memory,
    (state) => state.info?.device ?? null,
  );
  if (gone !== null) {
    return (
      <Bar
        title="The runtime does not start again."
        reason="Graphs can be edited and saved."
        details={failureDetails(gone)}
        retry={() => startup.retry()}
      />
    );
  }
  if (device?.name !== "none") return null;
  const reason = device.note ?? "It did not say why.";
  return (
    <Bar
      title="The engine does not start."
      reason={reason}
      details={reason}
      retry={() => memory.load()}
    >
      <Button small kind="quiet" onClick={() => layout.set({ overlay: "settings" })}>
        Settings
      </Button>
    </Bar>
  );
}

function Bar(props: {
  readonly title: string;
  readonly reason: string;
  readonly details: string;
  readonly retry: () => Promise<void>;
  readonly children?: React.ReactNode;
}) {
  const [trying, setTrying] = useState(false);
  const retry = async (): Promise<void> => {
    setTrying(true);
    // What is still wrong stands in the bar again.
    await props.retry().catch(() => undefined);
    setTrying(false);
  };
  return (
    <div className="file-bar" role="alert">
      <Icon name="error" size={14} />
      <span className="medium">{props.title}</span>
      <span className="ellipsis grow" title={props.reason}>
        {props.reason}
      </span>
      <Button small disabled={trying} onClick={() => void retry()}>
        {trying ? "Starting" : "Try again"}
      </Button>
      {props.children}
      <CopyDetails small details={props.details} />
    </div>
  );
}
