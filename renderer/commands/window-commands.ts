/** Commands of the window: running, files, history, view, help. */
import type { Command } from "./command.ts";
import { exportGraph, newGraph, openWithDialog, saveGraph, closeTab } from "./graph-files.ts";
import { runGraph, stopRunning } from "./run-graph.ts";

const hasGraph: NonNullable<Command["enabled"]> = ({ editor }) =>
  editor.documents.active() !== null;

export const RUN_COMMANDS: readonly Command[] = [
  {
    id: "run.run",
    title: "Run",
    group: "Run",
    icon: "play",
    keys: ["$mod+Enter"],
    inFields: true,
    run: async ({ editor, runOptions }) => {
      await runGraph(editor, { count: runOptions.store.getState().count });
    },
  },
  {
    id: "run.first",
    title: "Run first",
    group: "Run",
    icon: "play",
    keys: ["$mod+Shift+Enter"],
    inFields: true,
    run: async ({ editor }) => {
      await runGraph(editor, { first: true });
    },
  },
  {
    id: "run.selected",
    title: "Run the selected output",
    group: "Run",
    icon: "play",
    enabled: ({ editor }) => selectedOutputs(editor).length > 0,
    run: async ({ editor }) => {
      await runGraph(editor, { targets: selectedOutputs(editor) });
    },
  },
  {
    id: "run.sweep",
    title: "Sweep values",
    group: "Run",
    icon: "templates",
    enabled: hasGraph,
    run: ({ editor }) => editor.layout.set({ overlay: "sweep" }),
  },
  {
    id: "run.stop",
    title: "Stop the running job",
    group: "Run",
    icon: "stop",
    keys: ["$mod+Alt+Enter"],
    inFields: true,
    enabled: ({ editor }) => editor.runs.store.getState().queue.running.length > 0,
    run: ({ editor }) => stopRunning(editor),
  },
];

function selectedOutputs(editor: Parameters<Command["run"]>[0]["editor"]): string[] {
  const document = editor.documents.active()?.document;
  const { descriptions } = editor.nodes.store.getState();
  return [...editor.selection.store.getState().nodes].filter(
    (id) => descriptions.get(document?.nodes[id]?.type ?? "")?.output === true,
  );
}

export const FILE_COMMANDS: readonly Command[] = [
  {
    id: "file.new",
    title: "New graph",
    group: "File",
    icon: "plus",
    keys: ["$mod+KeyN"],
    run: ({ editor }) => newGraph(editor),
  },
  {
    id: "file.new-window",
    title: "New window",
    group: "File",
    icon: "side",
    keys: ["$mod+Shift+KeyN"],
    run: ({ editor }) => editor.shell.newWindow(),
  },
  {
    id: "file.open",
    title: "Open a graph, picture or clip",
    group: "File",
    icon: "folder",
    keys: ["$mod+KeyO"],
    run: ({ editor }) => openWithDialog(editor),
  },
  {
    id: "file.save",
    title: "Save",
    group: "File",
    icon: "save",
    keys: ["$mod+KeyS"],
    inFields: true,
    enabled: hasGraph,
    run: ({ editor }) => saveGraph(editor, false),
  },
  {
    id: "file.save-as",
    title: "Save as",
    group: "File",
    icon: "save",
    keys: ["$mod+Shift+KeyS"],
    inFields: true,
    enabled: hasGraph,
    run: ({ editor }) => saveGraph(editor, true),
  },
  {
    id: "file.export-graph",
    title: "Export as a ComfyUI workflow",
    group: "File",
    icon: "download",
    enabled: hasGraph,
    run: ({ editor }) => exportGraph(editor, "graph"),
  },
  {
    id: "file.export-api",
    title: "Export as a ComfyUI API prompt",
    group: "File",
    icon: "download",
    enabled: hasGraph,
    run: ({ editor }) => exportGraph(editor, "api"),
  },
  {
    id: "file.close",
    title: "Close the graph",
    group: "File",
    icon: "close",
    keys: ["$mod+KeyW"],
    enabled: hasGraph,
    run: ({ editor }) => closeTab(editor, editor.documents.active()!.id),
  },
  {
    id: "file.close-others",
    title: "Close the other graphs",
    group: "File",
    icon: "close",
    enabled: ({ editor }) => editor.documents.store.getState().tabs.length > 1,
    run: ({ editor }) => {
      const { tabs, active } = editor.documents.store.getState();
      for (const tab of tabs) if (tab !== active) closeTab(editor, tab);
    },
  },
  ...Array.from({ length: 9 }, (_, i): Command => ({
    id: `file.tab-${i + 1}`,
    title: `Go to graph ${i + 1}`,
    group: "File",
    keys: [`$mod+Digit${i + 1}`],
    enabled: ({ editor }) => editor.documents.store.getState().tabs.length > i,
    run: ({ editor }) => {
      const id = editor.documents.store.getState().tabs[i];
      if (id !== undefined) editor.documents.activate(id);
    },
  })),
];

export const VIEW_COMMANDS: readonly Command[] = [
  {
    id: "view.focus-mode",
    title: "Focus mode",
    group: "View",
    icon: "eye",
    keys: ["KeyF"],
    run: ({ editor: { layout } }) => layout.set({ focusMode: !layout.store.getState().focusMode }),
  },
  {
    id: "view.inspector",
    title: "Show or hide the inspector",
    group: "View",
    keys: ["KeyI"],
    run: ({ editor: { layout } }) => layout.set({ inspector: !layout.store.getState().inspector }),
  },
  {
    id: "view.dock",
    title: "Fold or unfold the dock",
    group: "View",
    run: ({ editor: { layout } }) =>
      layout.set({ dockFolded: !layout.store.getState().dockFolded }),
  },
  {
    id: "view.minimap",
    title: "Show or hide the minimap",
    group: "View",
    run: ({ editor: { layout } }) => layout.set({ minimap: !layout.store.getState().minimap }),
  },
  {
    id: "view.theme",
    title: "Theme: dark, light, system",
    group: "View",
    icon: "palette",
    run: async ({ editor: { settings } }) => {
      const order = ["dark", "light", "system"] as const;
      const next = order[(order.indexOf(settings.store.getState().theme) + 1) % order.length]!;
      await settings.set({ theme: next });
    },
  },
  {
    id: "view.link-style",
    title: "Link style: curved, straight, stepped, hidden",
    group: "View",
    icon: "settings",
    run: async ({ editor: { settings } }) => {
      const order = ["curved", "straight", "stepped", "hidden"] as const;
      const next = order[(order.indexOf(settings.store.getState().linkStyle) + 1) % order.length]!;
      await settings.set({ linkStyle: next });
    },
  },
  {
    id: "view.snap",
    title: "Snap to grid",
    group: "View",
    run: async ({ editor: { settings } }) => {
      await settings.set({ snapToGrid: !settings.store.getState().snapToGrid });
    },
  },
  {
    id: "view.next-region",
    title: "Focus the next region",
    group: "View",
    keys: ["F6"],
    inFields: true,
    run: () => focusRegion(1),
  },
  {
    id: "view.previous-region",
    title: "Focus the region before",
    group: "View",
    keys: ["Shift+F6"],
    inFields: true,
    run: () => focusRegion(-1),
  },
  {
    id: "view.legend",
    title: "Show or hide the legend",
    group: "View",
    run: ({ editor: { layout } }) => layout.set({ legend: !layout.store.getState().legend }),
  },
  {
    id: "view.pin-panel",
    title: "Pin panels beside the canvas, or lay them over it",
    group: "View",
    icon: "pin",
    run: ({ editor: { layout } }) =>
      layout.set({ panelPinned: !layout.store.getState().panelPinned }),
  },
  {
    id: "view.ground-drag",
    title: "Drag on the ground: move, select",
    group: "View",
    run: async ({ editor: { settings } }) => {
      const { groundDrag } = settings.store.getState();
      await settings.set({ groundDrag: groundDrag === "pan" ? "select" : "pan" });
    },
  },
  ...(["nodes", "templates", "models", "queue", "history", "gallery"] as const).map(
    (panel): Command => ({
      id: `view.${panel}`,
      title: `Panel: ${panel}`,
      group: "View",
      run: ({ editor }) => editor.layout.togglePanel(panel),
    }),
  ),
  ...(["player", "problems", "log"] as const).map((tab): Command => ({
    id: `view.dock-${tab}`,
    title: `Dock: ${tab}`,
    group: "View",
    run: ({ editor }) => editor.layout.showDock(tab),
  })),
];

function focusRegion(step: 1 | -1): void {
  const regions = [...document.querySelectorAll<HTMLElement>("[data-region]")];
  const at = regions.findIndex((region) => region.contains(document.activeElement));
  const next = at < 0 ? 0 : (at + step + regions.length) % regions.length;
  regions[next]?.focus();
}

export const HELP_COMMANDS: readonly Command[] = [
  {
    id: "help.commands",
    title: "All commands",
    group: "Help",
    icon: "command",
    keys: ["$mod+Shift+KeyP"],
    inFields: true,
    run: ({ openCommands }) => openCommands(),
  },
  {
    id: "help.keys",
    title: "All keys",
    group: "Help",
    icon: "help",
    keys: ["Shift+?"],
    run: ({ openKeys }) => openKeys(),
  },
  {
    id: "help.settings",
    title: "Settings",
    group: "Help",
    icon: "settings",
    keys: ["$mod+Comma"],
    run: ({ editor }) => editor.layout.set({ overlay: "settings" }),
  },
  {
    id: "help.welcome",
    title: "Welcome page",
    group: "Help",
    icon: "home",
    run: ({ editor }) => editor.layout.set({ overlay: "welcome" }),
  },
];
