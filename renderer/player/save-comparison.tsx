/** Saves what the player shows of two clips as a clip of its own. */
import { useState } from "react";
import { useShallow } from "zustand/shallow";
import { useEditor } from "../editor-context.tsx";
import { usePanels, usePanelStore } from "../panels/panels-context.tsx";
import { Button } from "../ui/button.tsx";
import { IconButton } from "../ui/icon-button.tsx";
import { comparedNow, saveComparison } from "./comparison-file.ts";

const LABEL = "Save this view as a video";

/** Nothing where there are not two moving pictures in one view. */
export function SaveComparison({ words = false }: { readonly words?: boolean }) {
  const editor = useEditor();
  const { pastRuns } = usePanels();
  const compared = usePanelStore((panels) => panels.player, useShallow(comparedNow));
  const [busy, setBusy] = useState(false);
  if (compared === null) return null;
  const save = async (): Promise<void> => {
    setBusy(true);
    await saveComparison(editor, pastRuns, compared);
    setBusy(false);
  };
  return words ? (
    <Button small icon="save" disabled={busy} onClick={() => void save()}>
      {busy ? "Encoding" : LABEL}
    </Button>
  ) : (
    <IconButton
      icon="save"
      label={busy ? "Encoding" : LABEL}
      small
      side="top"
      disabled={busy}
      onClick={() => void save()}
    />
  );
}
