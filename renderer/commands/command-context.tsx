/** Makes the commands known to the window: keys, menus, palettes. */
import { createContext, useContext, useEffect, useMemo, useRef, type ReactNode } from "react";
import { tinykeys } from "tinykeys";
import { createStore, type StoreApi } from "zustand/vanilla";
import type { CanvasHandle } from "../canvas/canvas-handle.ts";
import type { CanvasModel } from "../canvas/canvas-model.ts";
import { useEditor, useEditorStore } from "../editor-context.tsx";
import type { Editor } from "../stores/editor.ts";
import type { Panels } from "../stores/panels.ts";
import type { MenuEntry, MenuItem } from "../ui/menu.tsx";
import { newNode } from "../canvas/new-node.ts";
import { addNode, freeId, type Point } from "../stores/edit/nodes.ts";
import { COMMANDS } from "./all-commands.ts";
import type { Command, CommandContext, RunOptionsState } from "./command.ts";
import { closeTab, openDropped, openRecent } from "./graph-files.ts";
import { isTextField, keysOfCommand } from "./keymap.ts";
import { runGraph } from "./run-graph.ts";

/** Which palette is open; a wire that was dropped stands behind a search. */
export type PaletteState =
  | { readonly kind: "commands" | "find" | "keys" }
  | {
      readonly kind: "search";
      /** In window pixels. */
      readonly at: { readonly x: number; readonly y: number };
      /** Several: inputs whose links are moved together. */
      readonly wires: readonly DroppedWire[];
      /** Nodes that what is chosen takes the place of. */
      readonly replaces?: readonly string[];
    };

/** A wire that ends nowhere yet: the socket at its fixed end. */
export interface DroppedWire {
  readonly node: string;
  readonly socket: string;
  readonly side: "in" | "out";
  readonly type: string;
}

export interface Commands {
  readonly all: readonly Command[];
  readonly palette: { readonly store: StoreApi<{ readonly open: PaletteState | null }> };
  readonly runOptions: { readonly store: StoreApi<RunOptionsState> };
  /** Set by the canvas while it is on screen. */
  canvas: CanvasHandle;
  model: CanvasModel | null;
  /** Set by the panels while they are on screen. */
  panels: Panels | null;
  context(): CommandContext;
  run(id: string): void;
  /** Adds a node of a class, by default in the middle of what is on screen. */
  addNode(type: string, at?: Point): void;
  isEnabled(id: string): boolean;
  /** The shown key of a command. */
  keysOf(id: string): string | undefined;
  /** A command as an entry of a menu. */
  item(id: string): MenuItem;
  mainMenu(): readonly MenuEntry[];
  openPalette(state: PaletteState | null): void;
  closeTab(id: string): void;
  openFile(file: File): Promise<void>;
}

const NO_CANVAS: CanvasHandle = {
  fit: () => {},
  zoomBy: () => {},
  show: () => {},
  middle: () => [0, 0],
  pointer: () => [0, 0],
  screen: () => ({ x: innerWidth / 2 - 202, y: innerHeight / 4 }),
};

export function createCommands(editor: Editor): Commands {
  const palette = createStore<{ readonly open: PaletteState | null }>(() => ({ open: null }));
  const runOptions = createStore<RunOptionsState>(() => ({ count: 1, onChange: false }));
  const byId = new Map(COMMANDS.map((command) => [command.id, command]));
  const openPalette = (open: PaletteState | null) => {
    palette.setState({ open });
    if (open === null) commands.model?.wire.end();
  };
  const context = (): CommandContext => ({
    editor,
    canvas: commands.canvas,
    model: commands.model,
    panels: commands.panels,
    runOptions: { store: runOptions },
    openSearch: (replaces) => {
      const at = commands.canvas.screen();
      const wires: readonly DroppedWire[] = [];
      openPalette({ kind: "search", at, wires, ...(replaces === undefined ? {} : { replaces }) });
    },
    openCommands: () => openPalette({ kind: "commands" }),
    openFind: () => openPalette({ kind: "find" }),
    openKeys: () => openPalette({ kind: "keys" }),
  });
  const commands: Commands = {
    all: COMMANDS,
    palette: { store: palette },
    runOptions: { store: runOptions },
    canvas: NO_CANVAS,
    model: null,
    panels: null,
    openPalette,
    context,
    addNode(type, at) {
      const { model } = commands;
      const description = editor.nodes.store.getState().descriptions.get(type);
      if (model === null || description === undefined) return;
      if (editor.documents.active() === null) commands.run("file.new");
      let id = "";
      model.edit(`Add ${description.title}`, (graph) => {
        id = freeId((taken) => taken in graph.nodes, type);
        const [x, y] = commands.canvas.middle();
        return addNode(graph, id, newNode(description, at ?? [x - 110, y - 60]));
      });
      editor.selection.set({ nodes: [id] });
    },
    isEnabled: (id) => byId.get(id)?.enabled?.(context()) ?? byId.has(id),
    run(id) {
      const command = byId.get(id);
      if (command === undefined || command.enabled?.(context()) === false) return;
      Promise.resolve(command.run(context())).catch((error: unknown) =>
        editor.toasts.fail(`${command.title} did not work`, error),
      );
    },
    keysOf(id) {
      const command = byId.get(id);
      const { keys } = editor.settings.store.getState();
      return command === undefined ? undefined : keysOfCommand(command, keys)[0];
    },
    item(id) {
      const command = byId.get(id)!;
      return {
        label: command.title,
        icon: command.icon,
        keys: commands.keysOf(id),
        disabled: !commands.isEnabled(id),
        run: () => commands.run(id),
      };
    },
    mainMenu: () => [
      commands.item("file.new"),
      commands.item("file.new-window"),
      commands.item("file.open"),
      ...recentMenu(editor),
      "line",
      commands.item("file.save"),
      commands.item("file.save-as"),
      commands.item("file.export-graph"),
      commands.item("file.export-api"),
      "line",
      commands.item("edit.undo"),
      commands.item("edit.redo"),
      "line",
      commands.item("help.commands"),
      commands.item("help.keys"),
      commands.item("help.settings"),
      commands.item("help.welcome"),
    ],
    closeTab: (id) => closeTab(editor, id),
    openFile: (file) => openDropped(editor, file),
  };
  return commands;
}

const MOST_RECENT = 12;

function recentMenu(editor: Editor): readonly MenuEntry[] {
  const { files } = editor.recents.store.getState();
  if (files.length === 0) return [];
  const items = files.slice(0, MOST_RECENT).map(({ path, name }) => ({
    label: name.replace(/\.json$/, ""),
    run: () => void openRecent(editor, path),
  }));
  return [{ label: "Open recent", icon: "history", items }];
}

const Context = createContext<Commands | null>(null);

export function useCommands(): Commands {
  const commands = useContext(Context);
  if (commands === null) throw new Error("Expected a CommandProvider around this component.");
  return commands;
}

export function CommandProvider({ children }: { readonly children: ReactNode }) {
  const editor = useEditor();
  const commands = useMemo(() => createCommands(editor), [editor]);
  useKeys(commands);
  useRunOnChange(commands, editor);
  useEffect(() => editor.shell.on("command", (name) => commands.run(name)), [editor, commands]);
  return <Context value={commands}>{children}</Context>;
}

function useKeys(commands: Commands): void {
  const keys = useEditorStore(
    (editor) => editor.settings,
    (state) => state.keys,
  );
  useEffect(() => {
    const map: Record<string, (event: KeyboardEvent) => void> = {};
    for (const command of commands.all)
      for (const key of keysOfCommand(command, keys)) {
        const before = map[key];
        map[key] = (event) => {
          before?.(event);
          if (event.defaultPrevented || (isTextField(event.target) && !command.inFields)) return;
          if (event.target instanceof Element && event.target.closest("[role=dialog], [role=menu]"))
            return;
          if (!commands.isEnabled(command.id)) return;
          event.preventDefault();
          commands.run(command.id);
        };
      }
    return tinykeys(window, map);
  }, [commands, keys]);
}

const AUTO_RUN_MS = 400;

/** Queues the graph again whenever it changes, while that is asked for. */
function useRunOnChange(commands: Commands, editor: Editor): void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    const stop = editor.documents.store.subscribe((state, before) => {
      if (!commands.runOptions.store.getState().onChange || state.active === null) return;
      const now = state.open[state.active]?.document;
      const last = before.open[state.active]?.document;
      if (now === last || last === undefined || state.active !== before.active) return;
      if (now === editor.runs.store.getState().ran[state.active]) return;
      clearTimeout(timer.current);
      timer.current = setTimeout(() => void runGraph(editor, {}, { unasked: true }), AUTO_RUN_MS);
    });
    return () => {
      stop();
      clearTimeout(timer.current);
    };
  }, [commands, editor]);
}
