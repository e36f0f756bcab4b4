/** The palettes that lie over the window: search for nodes, commands, find, keys. */
import { useEffect } from "react";
import { useStore } from "zustand";
import { useCommands } from "../commands/command-context.tsx";
import { CommandPalette } from "./command-palette.tsx";
import { FindPalette } from "./find-palette.tsx";
import { KeysList } from "./keys-list.tsx";
import { NodeSearch } from "./node-search.tsx";
import "./palette.css";

export function Palettes() {
  const commands = useCommands();
  const open = useStore(commands.palette.store, (state) => state.open);
  useFocusBack(open !== null);
  if (open === null) return null;
  return (
    <div
      className={
        open.kind === "find" || open.kind === "search" ? "palette-ground clear" : "palette-ground"
      }
      onPointerDown={(event) => event.target === event.currentTarget && commands.openPalette(null)}
    >
      {open.kind === "search" && <NodeSearch state={open} />}
      {open.kind === "commands" && <CommandPalette />}
      {open.kind === "find" && <FindPalette />}
      {open.kind === "keys" && <KeysList />}
    </div>
  );
}

/** The focus goes back to where it was when the palette closes. */
function useFocusBack(open: boolean): void {
  useEffect(() => {
    if (!open) return;
    const before = document.activeElement;
    return () => {
      if (before instanceof HTMLElement && before.isConnected)
        before.focus({ preventScroll: true });
    };
  }, [open]);
}
