/** Saves what the player shows of two clips as a clip of its own. */
import { useState } from "react";
import { useEditor } from "../editor-context.tsx";
import { usePanelStore } from "../panels/panels-context.tsx";
import { Button } from "../ui/button.tsx";
import { IconButton } from "../ui/icon-button.tsx";
import { useClipWords } from "./clip-names.tsx";

const LABEL = "Save this view as a video";

/** Nothing where there are not two moving pictures in one view. */
export function SaveComparison({ words = false }: { readonly words?: boolean }) {
  const { shell, toasts } = useEditor();
  const a = usePanelStore(
    (panels) => panels.player,
    (state) => (state.live === null ? state.a : null),
  );
  const b = usePanelStore(
    (panels) => panels.player,
    (state) => state.b,
  );
  const view = usePanelStore(
    (panels) => panels.player,
    (state) => state.view,
  );
  const wipe = usePanelStore(
    (panels) => panels.player,
    (state) => state.wipe,
  );
  const [wordsA, wordsB] = [useClipWords(a), useClipWords(b)];
  const [busy, setBusy] = useState(false);
  if (a === null || b === null || view === "single") return null;
  const save = async (): Promise<void> => {
    setBusy(true);
    try {
      const { encodeComparison } = await import("./encode-comparison.ts");
      const { data, ending } = await encodeComparison({
        a: { ...a, words: wordsA },
        b: { ...b, words: wordsB },
        view,
        wipe,
      });
      const saved = await shell.saveAs("video", `${a.name} and ${b.name}.${ending}`, data);
      if (saved !== null) toasts.show({ kind: "done", title: `Saved ${saved.name}` });
    } catch (error) {
      toasts.fail("The comparison was not saved", error);
    } finally {
      setBusy(false);
    }
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
