import type { StoreApi } from "zustand/vanilla";
import type { CanvasHandle } from "../canvas/canvas-handle.ts";
import type { CanvasModel } from "../canvas/canvas-model.ts";
import type { Editor } from "../stores/editor.ts";
import type { Panels } from "../stores/panels.ts";
import type { IconName } from "../ui/icon-paths.ts";

/** How the Run button runs. */
export interface RunOptionsState {
  readonly count: number;
  /** Queue again whenever the graph changes. */
  readonly onChange: boolean;
}

/** What commands act on: the editor's state, and the canvas on screen. */
export interface CommandContext {
  readonly editor: Editor;
  readonly canvas: CanvasHandle;
  /** The canvas's own state; null while there is none on screen. */
  readonly model: CanvasModel | null;
  /** What stands around the canvas; null while it is not on screen. */
  readonly panels: Panels | null;
  readonly runOptions: { readonly store: StoreApi<RunOptionsState> };
  /** @param replaces nodes that what is chosen takes the place of */
  readonly openSearch: (replaces?: readonly string[]) => void;
  readonly openCommands: () => void;
  readonly openFind: () => void;
  readonly openKeys: () => void;
}

export interface Command {
  /** Lasts: keys in the settings are kept under it. */
  readonly id: string;
  readonly title: string;
  readonly group: "Run" | "Play" | "Edit" | "Select" | "Arrange" | "View" | "File" | "Help";
  readonly icon?: IconName;
  /** As tinykeys writes them; the first is the one shown. */
  readonly keys?: readonly string[];
  /** Works while a text field has the focus. */
  readonly inFields?: boolean;
  readonly enabled?: (context: CommandContext) => boolean;
  readonly run: (context: CommandContext) => void | Promise<void>;
}
