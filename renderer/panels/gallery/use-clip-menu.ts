import { useEditor } from "../../editor-context.tsx";
import type { Clip } from "../../stores/player.ts";
import type { MenuEntry } from "../../ui/menu.tsx";
import { usePanels } from "../panels-context.tsx";

/** What can be done with a result. */
export function useClipMenu(clip: Clip): () => readonly MenuEntry[] {
  const { shell, toasts, documents, layout } = useEditor();
  const { player, pastRuns } = usePanels();
  const doing = (failed: string, work: () => Promise<unknown>): void => {
    work().catch((error: unknown) => toasts.fail(failed, error));
  };
  const openGraph = async (): Promise<void> => {
    const document = clip.job === null ? null : await pastRuns.document(clip.job);
    if (document === null) {
      toasts.show({ kind: "warning", title: "Its graph is not kept any more" });
      return;
    }
    documents.open(document, { title: clip.name, isSaved: false });
    layout.set({ panel: null });
  };
  return () => [
    { label: "Show", icon: "eye", run: () => player.show(clip) },
    { label: "Compare with what is shown", icon: "wipe", run: () => player.compare(clip) },
    {
      label: "Open its graph",
      icon: "nodes",
      run: () => doing("Its graph was not opened", openGraph),
    },
    "line",
    {
      label: "Save a copy",
      icon: "save",
      run: () =>
        doing("The copy was not saved", () =>
          shell.exportResult(clip.file, clip.file.path.split("/").at(-1) ?? clip.name),
        ),
    },
    {
      label: "Show in its folder",
      icon: "folder",
      disabled: !shell.desktop,
      run: () => doing("Its folder was not shown", () => shell.reveal(clip.file)),
    },
  ];
}
