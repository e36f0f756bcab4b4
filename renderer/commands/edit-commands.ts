/** Commands that change the graph. */
import type { CanvasModel } from "../canvas/canvas-model.ts";
import { TINTS } from "../canvas/categories.ts";
import { SUBGRAPH_PREFIX } from "#runtime/graph/document";
import { groupsWithContent, removeGroups } from "../stores/edit/groups.ts";
import { disconnect } from "../stores/edit/links.ts";
import {
  addNode,
  changeNodes,
  dropValues,
  freeId,
  removeNodes,
  setKey,
  withoutKey,
  type Point,
} from "../stores/edit/nodes.ts";
import { duplicate } from "../stores/edit/copies.ts";
import type { SelectionChange } from "../stores/selection.ts";
import type { Command, CommandContext } from "./command.ts";
import { copySelection, pasteAt } from "./clipboard.ts";
import {
  groupSelection,
  saveBlock,
  subgraphFromSelection,
  unpackSelection,
} from "./fold-commands.ts";

type Guard = NonNullable<Command["enabled"]>;

export const chosenNodes = ({ editor }: CommandContext): readonly string[] => [
  ...editor.selection.store.getState().nodes,
];
const hasNodes: Guard = (context) => chosenNodes(context).length > 0;
const hasSelection: Guard = ({ editor }) => {
  const { nodes, links, groups } = editor.selection.store.getState();
  return nodes.size + links.size + groups.size > 0;
};
const hasCopyable: Guard = ({ editor }) => {
  const { nodes, groups } = editor.selection.store.getState();
  return nodes.size + groups.size > 0;
};
const hasCanvas: Guard = ({ model }) => (model?.scene.store.getState().graph ?? null) !== null;

/** Sets a flag on all chosen nodes; takes it off when all have it. */
function toggle(
  label: string,
  key: "state" | "collapsed" | "pinned",
  value: "muted" | "bypassed" | true,
): Command["run"] {
  return (context) => {
    const { model } = context;
    const ids = chosenNodes(context);
    const nodes = model?.scene.store.getState().graph?.nodes ?? {};
    const all = ids.every((id) => nodes[id]?.[key] === value);
    model?.edit(label, (graph) => setKey(graph, ids, key, all ? undefined : (value as true)));
  };
}

function removeSelection({ editor, model }: CommandContext): void {
  const { nodes, links, groups } = editor.selection.store.getState();
  const count = nodes.size + links.size + groups.size;
  model?.edit(count === 1 ? "Delete" : `Delete ${count} things`, (graph) =>
    removeGroups(disconnect(removeNodes(graph, nodes), links), groups),
  );
  editor.selection.set();
}

const DUPLICATE_AWAY = 24;

function duplicateSelection({ model, editor }: CommandContext): void {
  const { graph, boxes } = model!.scene.store.getState();
  if (graph === null) return;
  const { nodes, groups } = editor.selection.store.getState();
  const content = groupsWithContent(graph, groups, boxes);
  const away = ([x, y]: Point): Point => [x + DUPLICATE_AWAY, y + DUPLICATE_AWAY];
  const places = new Map(
    [...new Set([...nodes, ...content.nodes])].flatMap((id): [string, Point][] => {
      const box = boxes.get(id);
      return box === undefined ? [] : [[id, away([box.x, box.y])]];
    }),
  );
  const groupPlaces = new Map(
    [...content.groups].map((index) => [index, away(graph.groups![index]!.at)] as const),
  );
  let chosen: SelectionChange = {};
  model!.edit("Duplicate", (now) => {
    const copied = duplicate(now, places, groupPlaces);
    chosen = { nodes: copied.added, groups: copied.addedGroups };
    return copied.graph;
  });
  editor.selection.set(chosen);
}

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
  {
    id: "edit.search",
    title: "Add a node",
    group: "Edit",
    icon: "plus",
    keys: ["Tab"],
    // Tab belongs to the keyboard's way through the window, except where the canvas itself is looked at.
    enabled: (context) => hasCanvas(context) && isOnCanvas(),
    run: ({ openSearch }) => openSearch(),
  },
  {
    id: "edit.find",
    title: "Find in the graph",
    group: "Edit",
    icon: "search",
    keys: ["$mod+KeyF"],
    inFields: true,
    enabled: hasCanvas,
    run: ({ openFind }) => openFind(),
  },
  {
    id: "edit.cut",
    title: "Cut",
    group: "Edit",
    keys: ["$mod+KeyX"],
    enabled: hasCopyable,
    run: async (context) => {
      const copied = await copySelection(context);
      if (copied !== null) context.editor.selection.add(copied);
      removeSelection(context);
    },
  },
  {
    id: "edit.copy",
    title: "Copy",
    group: "Edit",
    icon: "copy",
    keys: ["$mod+KeyC"],
    enabled: hasCopyable,
    run: async (context) => void (await copySelection(context)),
  },
  {
    id: "edit.paste",
    title: "Paste",
    group: "Edit",
    keys: ["$mod+KeyV"],
    enabled: hasCanvas,
    run: (context) => pasteAt(context, false),
  },
  {
    id: "edit.paste-links",
    title: "Paste with links",
    group: "Edit",
    keys: ["$mod+Shift+KeyV"],
    enabled: hasCanvas,
    run: (context) => pasteAt(context, true),
  },
  {
    id: "edit.duplicate",
    title: "Duplicate",
    group: "Edit",
    icon: "copy",
    keys: ["$mod+KeyD"],
    enabled: hasCopyable,
    run: duplicateSelection,
  },
  {
    id: "edit.delete",
    title: "Delete",
    group: "Edit",
    icon: "trash",
    keys: ["Delete", "Backspace"],
    enabled: hasSelection,
    run: removeSelection,
  },
  {
    id: "edit.rename",
    title: "Rename",
    group: "Edit",
    icon: "pencil",
    keys: ["F2"],
    enabled: (context) => chosenNodes(context).length === 1,
    run: (context) => context.model?.store.setState({ renaming: chosenNodes(context)[0]! }),
  },
  {
    id: "edit.mute",
    title: "Mute",
    group: "Edit",
    icon: "mute",
    keys: ["$mod+KeyM"],
    enabled: hasNodes,
    run: toggle("Mute", "state", "muted"),
  },
  {
    id: "edit.bypass",
    title: "Bypass",
    group: "Edit",
    icon: "bypass",
    keys: ["$mod+KeyB"],
    enabled: hasNodes,
    run: toggle("Bypass", "state", "bypassed"),
  },
  {
    id: "edit.collapse",
    title: "Collapse",
    group: "Edit",
    icon: "collapse",
    keys: ["Alt+KeyC"],
    enabled: hasNodes,
    run: toggle("Collapse", "collapsed", true),
  },
  {
    id: "edit.pin",
    title: "Pin",
    group: "Edit",
    icon: "pin",
    keys: ["KeyP"],
    enabled: hasNodes,
    run: toggle("Pin", "pinned", true),
  },
  {
    id: "edit.group",
    title: "Group",
    group: "Edit",
    icon: "group",
    keys: ["$mod+KeyG"],
    enabled: hasNodes,
    run: groupSelection,
  },
  {
    id: "edit.subgraph",
    title: "Make a subgraph",
    group: "Edit",
    icon: "subgraph",
    keys: ["$mod+Shift+KeyE"],
    enabled: hasNodes,
    run: subgraphFromSelection,
  },
  {
    id: "edit.unpack",
    title: "Unpack the subgraph",
    group: "Edit",
    icon: "subgraph",
    enabled: isSubgraphChosen,
    run: unpackSelection,
  },
  {
    id: "edit.save-block",
    title: "Save the subgraph as a block",
    group: "Edit",
    icon: "save",
    enabled: isSubgraphChosen,
    run: saveBlock,
  },
  {
    id: "edit.enter",
    title: "Enter the subgraph",
    group: "Edit",
    icon: "subgraph",
    keys: ["$mod+ArrowDown"],
    enabled: isSubgraphChosen,
    run: (context) => {
      const { document } = context.model!.scene.store.getState();
      if (document !== null) context.editor.selection.enter(document, chosenNodes(context)[0]!);
    },
  },
  {
    id: "edit.leave",
    title: "Leave the subgraph",
    group: "Edit",
    keys: ["$mod+ArrowUp"],
    enabled: ({ model }) => (model?.scene.store.getState().path.length ?? 0) > 0,
    run: ({ editor, model }) => {
      const { document, path } = model!.scene.store.getState();
      if (document !== null) editor.selection.leaveTo(document, path.length - 1);
    },
  },
  {
    id: "edit.note",
    title: "Add a note",
    group: "Edit",
    icon: "note",
    enabled: hasCanvas,
    run: ({ model, canvas, editor }) => {
      const [x, y] = canvas.pointer();
      let id = "";
      model!.edit("Add a note", (graph) => {
        id = freeId((taken) => taken in graph.nodes, "note");
        return addNode(graph, id, {
          type: "MarkdownNote",
          values: { text: "" },
          at: [Math.round(x), Math.round(y)],
          size: [224, 96],
        });
      });
      editor.selection.set({ nodes: [id] });
    },
  },
  {
    id: "edit.replace",
    title: "Replace with another class",
    group: "Edit",
    icon: "loop",
    enabled: hasNodes,
    run: (context) => context.openSearch(chosenNodes(context)),
  },
  {
    id: "edit.reset-values",
    title: "Reset the values of nodes",
    group: "Edit",
    icon: "undo",
    enabled: hasNodes,
    run: (context) => resetValues(context.model, chosenNodes(context)),
  },
  ...[{ name: undefined, label: "none" }, ...TINTS].map(({ name, label }): Command => ({
    id: `edit.colour-${name ?? "none"}`,
    title: `Colour: ${label.toLowerCase()}`,
    group: "Edit",
    icon: "palette",
    enabled: hasNodes,
    run: (context) =>
      context.model?.edit("Colour", (graph) => setKey(graph, chosenNodes(context), "color", name)),
  })),
  {
    id: "edit.reset-size",
    title: "Reset the size of nodes",
    group: "Arrange",
    enabled: hasNodes,
    run: (context) =>
      context.model?.edit("Reset the size", (graph) =>
        changeNodes(graph, chosenNodes(context), (node) => withoutKey(node, "size")),
      ),
  },
];

/** Values go back to the defaults of their classes. */
export function resetValues(model: CanvasModel | null, ids: readonly string[]): void {
  model?.edit("Reset values", (graph) =>
    ids.reduce((now, id) => dropValues(now, id, Object.keys(now.nodes[id]?.values ?? {})), graph),
  );
}

function isSubgraphChosen(context: CommandContext): boolean {
  const ids = chosenNodes(context);
  const node = context.model?.scene.store.getState().graph?.nodes[ids[0] ?? ""];
  return ids.length === 1 && node?.type.startsWith(SUBGRAPH_PREFIX) === true;
}

function isOnCanvas(): boolean {
  const { activeElement } = document;
  return (
    activeElement === document.body ||
    // A node that was clicked, not one that keys have come to.
    activeElement?.matches("[data-node]:not(:focus-visible)") === true ||
    activeElement?.classList.contains("canvas-region") === true ||
    (activeElement?.closest(".react-flow__pane") ?? null) !== null
  );
}
