/** Commands that change the graph or what is selected in it. */
import type { Command } from "./command.ts";

export const EDIT_COMMANDS: readonly Command[] = [
  {
    id: "edit.undo",
    title: "Undo",
    group: "Edit",
    icon: "undo",
    keys: ["$mod+KeyZ"],
    enabled: ({ editor }) => (editor.documents.active()?.history.undo.length ?? 0) > 0,
    run: ({ editor }) => void editor.documents.undo(),
  },
  {
    id: "edit.redo",
    title: "Redo",
    group: "Edit",
    icon: "redo",
    keys: ["$mod+KeyY", "$mod+Shift+KeyZ"],
    enabled: ({ editor }) => (editor.documents.active()?.history.redo.length ?? 0) > 0,
    run: ({ editor }) => void editor.documents.redo(),
  },
];
