/** Commands of what stands around the canvas: queue, models, memory, player. */
import { addModelFolder } from "../panels/models/add-folder.ts";
import { queueActions } from "../panels/queue/queue-actions.ts";
import { comparedNow, saveComparison } from "../player/comparison-file.ts";
import type { Panels } from "../stores/panels.ts";
import type { AttentionView, PlayerState, PlayerView } from "../stores/player.ts";
import type { Command, CommandContext } from "./command.ts";

const queueOf = ({ editor }: CommandContext) => editor.runs.store.getState().queue;

/** A command that needs the panels' state, and something of it. */
function onPanels(
  command: Omit<Command, "enabled" | "run">,
  able: (panels: Panels, context: CommandContext) => boolean,
  run: (panels: Panels, context: CommandContext) => void | Promise<void>,
): Command {
  return {
    ...command,
    enabled: (context) => context.panels !== null && able(context.panels, context),
    run: (context) => (context.panels === null ? undefined : run(context.panels, context)),
  };
}

export const QUEUE_COMMANDS: readonly Command[] = [
  {
    id: "queue.pause",
    title: "Pause the queue",
    group: "Run",
    icon: "pause",
    enabled: (context) => !queueOf(context).paused,
    run: ({ editor }) => queueActions(editor).pause(true),
  },
  {
    id: "queue.resume",
    title: "Let the queue go on",
    group: "Run",
    icon: "play",
    enabled: (context) => queueOf(context).paused,
    run: ({ editor }) => queueActions(editor).pause(false),
  },
  {
    id: "queue.clear",
    title: "Remove all jobs that wait",
    group: "Run",
    icon: "trash",
    enabled: (context) => queueOf(context).waitingCount > 0,
    run: ({ editor }) => queueActions(editor).clear(),
  },
  {
    id: "run.on-change",
    title: "Run on every change, or stop that",
    group: "Run",
    icon: "loop",
    run: ({ runOptions: { store } }) => store.setState(({ onChange }) => ({ onChange: !onChange })),
  },
];

export const MODEL_COMMANDS: readonly Command[] = [
  onPanels(
    { id: "models.add-folder", title: "Add a model folder", group: "File", icon: "folder" },
    () => true,
    ({ modelFiles }, { editor }) => addModelFolder(editor, modelFiles),
  ),
  onPanels(
    { id: "models.look-again", title: "Look for model files again", group: "File", icon: "loop" },
    () => true,
    ({ modelFiles }) => modelFiles.load(),
  ),
  onPanels(
    { id: "memory.free", title: "Free the device's memory", group: "Run", icon: "model" },
    ({ memory }, context) =>
      queueOf(context).running.length === 0 && (memory.store.getState().report?.usedBytes ?? 0) > 0,
    ({ memory }) => memory.free(),
  ),
  {
    id: "settings.output-folder",
    title: "Choose the output folder",
    group: "File",
    icon: "folder",
    run: async ({ editor: { shell, settings } }) => {
      const path = await shell.pickFolder("Choose a folder");
      if (path !== null) await settings.set({ outputFolder: path });
    },
  },
];

const shown = ({ player }: Panels): PlayerState => player.store.getState();
const hasClip = (panels: Panels) => shown(panels).a !== null || shown(panels).live !== null;
const hasTwo = (panels: Panels) => shown(panels).b !== null && shown(panels).live === null;
const hasResult = (panels: Panels) => shown(panels).a !== null && shown(panels).live === null;

const beforeShown = (panels: Panels) => {
  const { a, live } = shown(panels);
  return a === null || live !== null ? null : panels.results.before(a);
};

const VIEWS: readonly (readonly [PlayerView, string])[] = [
  ["single", "Show one clip alone"],
  ["side", "Compare side by side"],
  ["wipe", "Compare by wipe"],
  ["difference", "Show the difference of two clips"],
];
const ATTENTION: readonly (readonly [AttentionView, string])[] = [
  ["arcs", "Attention over the frames: arcs"],
  ["heat", "Attention over the frames: heat"],
  ["off", "Attention over the frames: off"],
];

export const PLAYER_COMMANDS: readonly Command[] = [
  onPanels(
    { id: "player.play", title: "Play or pause the clip", group: "Play", icon: "play" },
    hasClip,
    ({ player }) => player.set({ playing: !player.store.getState().playing }),
  ),
  onPanels(
    { id: "player.loop", title: "Loop the clip, or play it once", group: "Play", icon: "loop" },
    hasClip,
    ({ player }) => player.set({ loop: !player.store.getState().loop }),
  ),
  ...VIEWS.map(([view, title]) =>
    onPanels(
      { id: `player.${view}`, title, group: "Play", icon: "eye" },
      hasTwo,
      (panels, { editor }) => {
        panels.player.set({ view });
        editor.layout.showDock("player");
      },
    ),
  ),
  onPanels(
    {
      id: "player.compare-before",
      title: "Compare with the result before",
      group: "Play",
      icon: "wipe",
    },
    (panels) => beforeShown(panels) !== null,
    (panels, { editor }) => {
      const before = beforeShown(panels);
      if (before === null) return;
      panels.player.compare(before);
      editor.layout.showDock("player");
    },
  ),
  ...ATTENTION.map(([attention, title]) =>
    onPanels(
      { id: `player.attention-${attention}`, title, group: "Play", icon: "attention" },
      hasClip,
      ({ player }) => player.set({ attention }),
    ),
  ),
  onPanels(
    { id: "player.save-comparison", title: "Save the comparison", group: "Play", icon: "save" },
    (panels) => comparedNow(shown(panels)) !== null,
    async (panels, { editor }) => {
      const compared = comparedNow(shown(panels));
      if (compared !== null) await saveComparison(editor, panels.pastRuns, compared);
    },
  ),
  onPanels(
    { id: "player.save-copy", title: "Save a copy of the clip", group: "Play", icon: "save" },
    hasResult,
    async (panels, { editor }) => {
      const { a } = shown(panels);
      if (a === null) return;
      const name = a.file.path.split("/").at(-1) ?? a.name;
      if (await editor.shell.exportResult(a.file, name))
        editor.toasts.show({ kind: "done", title: `Saved a copy of ${name}` });
    },
  ),
  onPanels(
    { id: "player.reveal", title: "Show the clip in its folder", group: "Play", icon: "folder" },
    (panels, { editor }) => hasResult(panels) && editor.shell.desktop,
    async (panels, { editor }) => {
      const { a } = shown(panels);
      if (a !== null) await editor.shell.reveal(a.file);
    },
  ),
];
