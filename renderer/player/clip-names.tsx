import { usePanels, usePanelStore } from "../panels/panels-context.tsx";
import { resultWords } from "../panels/history/job-words.ts";
import type { Clip } from "../stores/player.ts";
import { IconButton } from "../ui/icon-button.tsx";
import { useClipDocument } from "./use-clip-attention.ts";

/** "A meadow_0012 · radial over B meadow_0009 · dense". */
export function ClipNames() {
  const { player } = usePanels();
  const a = usePanelStore(
    (panels) => panels.player,
    (state) => (state.live === null ? state.a : null),
  );
  const b = usePanelStore(
    (panels) => panels.player,
    (state) => (state.live === null ? state.b : null),
  );
  if (a === null || b === null) return null;
  return (
    <div className="clip-names">
      <ClipName letter="A" clip={a} />
      <span className="t3">over</span>
      <ClipName letter="B" clip={b} />
      <IconButton
        icon="close"
        label="Show A alone"
        small
        side="top"
        onClick={() => player.set({ b: null, view: "single" })}
      />
    </div>
  );
}

function ClipName({ letter, clip }: { readonly letter: "A" | "B"; readonly clip: Clip }) {
  const words = useClipWords(clip);
  return (
    <span className={`clip-name ${letter.toLowerCase()}`}>
      <b>{letter}</b>
      <span className="ellipsis">
        {clip.name}
        {words !== "" && ` · ${words}`}
      </span>
    </span>
  );
}

/** The attention that made a clip, in words; empty while it is not known. */
export function useClipWords(clip: Clip | null): string {
  const document = useClipDocument(clip);
  return document === null ? "" : (resultWords(document, clip?.node ?? null) ?? "");
}
