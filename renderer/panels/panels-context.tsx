import { createContext, useContext, useEffect, useMemo, type ReactNode } from "react";
import { useStore, type StoreApi } from "zustand";
import { useCommands } from "../commands/command-context.tsx";
import { useEditor } from "../editor-context.tsx";
import { runPlayback } from "../player/playback.ts";
import { createPanels, type Panels } from "../stores/panels.ts";
import { timedGeometry } from "./radial/timed-geometry.ts";

const Context = createContext<Panels | null>(null);

/** Makes the state of the panels for the editor around it, for as long as it is mounted. */
export function PanelsProvider({ children }: { readonly children: ReactNode }) {
  const editor = useEditor();
  const panels = useMemo(() => createPanels(editor, timedGeometry), [editor]);
  const commands = useCommands();
  commands.panels = panels;
  useEffect(() => {
    const stopWatching = panels.watch();
    const stopPlayback = runPlayback(panels.player);
    panels.load().catch((error: unknown) => {
      editor.toasts.fail("Results and models could not be read", error);
    });
    return () => {
      stopPlayback();
      stopWatching();
    };
  }, [editor, panels]);
  return <Context value={panels}>{children}</Context>;
}

export function usePanels(): Panels {
  const panels = useContext(Context);
  if (panels === null) throw new Error("Expected a PanelsProvider around this component.");
  return panels;
}

/** A part of one of the panels' stores; renders again only when that part changes. */
export function usePanelStore<T, S>(
  pick: (panels: Panels) => { readonly store: StoreApi<T> },
  select: (state: T) => S,
): S {
  return useStore(pick(usePanels()).store, select);
}
