/** What context menus offer. */
import { SUBGRAPH_PREFIX } from "#runtime/graph/document";
import type { Commands } from "../commands/command-context.tsx";
import { changeGroup, groupMembers, isFolded, removeGroups } from "../stores/edit/groups.ts";
import { disconnect, setReroutes } from "../stores/edit/links.ts";
import { changeNodes, dropValues, removeNodes, setKey, withoutKey } from "../stores/edit/nodes.ts";
import type { MenuEntry } from "../ui/menu.tsx";
import type { CanvasMenu, CanvasModel } from "./canvas-model.ts";
import { TINTS } from "./categories.ts";
import { exposedFields } from "./node-model.ts";
import { byWhatTheyKeep, replaceNodes } from "./replacing.ts";
import { addReroute } from "./wires.tsx";

export function menuEntries(
  canvas: CanvasModel,
  commands: Commands,
  { at, on }: CanvasMenu,
): readonly MenuEntry[] {
  switch (on.kind) {
    case "pane":
      return [
        {
          label: "Add a node",
          icon: "plus",
          keys: commands.keysOf("edit.search"),
          run: () => commands.openPalette({ kind: "search", at, wires: [] }),
        },
        commands.item("edit.note"),
        commands.item("edit.paste"),
        "line",
        commands.item("select.all"),
        commands.item("arrange.tidy"),
        commands.item("view.fit"),
        "line",
        commands.item("edit.undo"),
        commands.item("edit.redo"),
      ];
    case "node":
      return nodeEntries(canvas, commands, at, on.id);
    case "group":
      return groupEntries(canvas, commands, on.index);
    case "link": {
      const link = canvas.scene.store.getState().links.get(on.key);
      return [
        {
          label: "Add a reroute",
          icon: "plus",
          keys: "Alt click",
          run: () => link !== undefined && addReroute(canvas, link, canvas.toGraph(at.x, at.y)),
        },
        {
          label: "Straighten",
          disabled: (link?.via.length ?? 0) === 0,
          run: () => canvas.edit("Straighten", (graph) => setReroutes(graph, on.key, [])),
        },
        {
          label: "Insert a node",
          icon: "nodes",
          disabled: link === undefined,
          run: () => {
            if (link === undefined) return;
            const [node, socket] = link.link.from;
            const wire = { node, socket, side: "out" as const, type: link.type };
            commands.openPalette({ kind: "search", at, wires: [wire] });
          },
        },
        "line",
        {
          label: "Delete",
          icon: "trash",
          danger: true,
          keys: "Delete",
          run: () => canvas.edit("Disconnect", (graph) => disconnect(graph, new Set([on.key]))),
        },
      ];
    }
    case "field":
      return fieldEntries(canvas, on.id, on.name);
  }
}

const colours = (set: (color: string | undefined) => void): MenuEntry => ({
  label: "Colour",
  icon: "palette",
  items: [
    { label: "None", run: () => set(undefined) },
    ...TINTS.map(({ name, label }) => ({ label, run: () => set(name) })),
  ],
});

const NEAREST = 5;

/** Classes that keep the most of the node, or any other by search. */
function replaceEntry(
  canvas: CanvasModel,
  commands: Commands,
  at: CanvasMenu["at"],
  id: string,
  ids: readonly string[],
): MenuEntry {
  return {
    label: "Replace with",
    icon: "loop",
    items: [
      ...byWhatTheyKeep(canvas, id)
        .slice(0, NEAREST)
        .map(({ title, type }) => ({
          label: title,
          run: () => replaceNodes(canvas, ids, type),
        })),
      "line",
      {
        label: "Another class",
        icon: "search",
        run: () => commands.openPalette({ kind: "search", at, wires: [], replaces: ids }),
      },
    ],
  };
}

function nodeEntries(
  canvas: CanvasModel,
  commands: Commands,
  menuAt: CanvasMenu["at"],
  id: string,
): readonly MenuEntry[] {
  const { selection, documents } = canvas.editor;
  // A menu on what is not selected is about that node alone.
  if (!selection.store.getState().nodes.has(id)) selection.set({ nodes: [id] });
  const ids = [...selection.store.getState().nodes];
  const node = canvas.scene.store.getState().graph?.nodes[id];
  const subgraph = node?.type.startsWith(SUBGRAPH_PREFIX) === true;
  const document = documents.active()?.id;
  const several = ids.length > 1;
  return [
    ...(subgraph && document !== undefined
      ? [
          { label: "Enter", icon: "subgraph" as const, run: () => selection.enter(document, id) },
          commands.item("edit.unpack"),
          commands.item("edit.save-block"),
          "line" as const,
        ]
      : []),
    {
      label: "Rename",
      icon: "pencil",
      keys: commands.keysOf("edit.rename"),
      disabled: several,
      run: () => canvas.store.setState({ renaming: id }),
    },
    colours((color) => canvas.edit("Colour", (graph) => setKey(graph, ids, "color", color))),
    replaceEntry(canvas, commands, menuAt, id, ids),
    "line",
    commands.item("edit.copy"),
    commands.item("edit.cut"),
    commands.item("edit.duplicate"),
    "line",
    commands.item("edit.mute"),
    commands.item("edit.bypass"),
    commands.item("edit.collapse"),
    commands.item("edit.pin"),
    "line",
    commands.item("edit.group"),
    commands.item("edit.subgraph"),
    {
      label: "Align",
      icon: "align",
      items: ["left", "right", "top", "bottom", "across", "down"].map((how) =>
        commands.item(`arrange.${how}`),
      ),
    },
    "line",
    commands.item("edit.reset-values"),
    commands.item("run.selected"),
    commands.item("edit.delete"),
  ];
}

function groupEntries(
  canvas: CanvasModel,
  commands: Commands,
  index: number,
): readonly MenuEntry[] {
  const { graph, boxes } = canvas.scene.store.getState();
  const group = graph?.groups?.[index];
  if (group === undefined) return [];
  const members = groupMembers(group, boxes);
  // A menu on what is not selected is about that group alone.
  const { selection } = canvas.editor;
  if (!selection.store.getState().groups.has(index)) selection.set({ groups: [index] });
  const state = (wanted: "muted" | "bypassed", label: string): MenuEntry => {
    const all = members.every((id) => graph?.nodes[id]?.state === wanted);
    return {
      label: all ? `Do not ${label.toLowerCase()} its nodes` : `${label} its nodes`,
      run: () =>
        canvas.edit(label, (now) => setKey(now, members, "state", all ? undefined : wanted)),
    };
  };
  const change = (label: string, by: Parameters<typeof changeGroup>[2]) =>
    canvas.edit(label, (now) => changeGroup(now, index, by));
  return [
    {
      label: "Rename",
      icon: "pencil",
      run: () => canvas.store.setState({ renaming: `group:${index}` }),
    },
    colours((color) =>
      change("Colour", (now) =>
        color === undefined ? withoutKey(now, "color") : { ...now, color },
      ),
    ),
    {
      label: isFolded(group) ? "Unfold" : "Fold",
      icon: "collapse",
      run: () =>
        change("Fold", (now) => {
          return isFolded(now)
            ? withoutKey(now, "folded")
            : { ...now, folded: true, nodes: [...groupMembers(now, boxes)] };
        }),
    },
    { label: "Select its nodes", run: () => canvas.editor.selection.set({ nodes: members }) },
    state("muted", "Mute"),
    state("bypassed", "Bypass"),
    "line",
    commands.item("edit.copy"),
    commands.item("edit.duplicate"),
    "line",
    {
      label: "Remove the group only",
      icon: "trash",
      keys: commands.keysOf("edit.delete"),
      run: () => canvas.edit("Remove a group", (now) => removeGroups(now, new Set([index]))),
    },
    {
      label: "Delete it with its nodes",
      icon: "trash",
      danger: true,
      run: () =>
        canvas.edit("Delete a group", (now) =>
          removeGroups(removeNodes(now, new Set(members)), new Set([index])),
        ),
    },
  ];
}

function fieldEntries(canvas: CanvasModel, id: string, name: string): readonly MenuEntry[] {
  const { graph, nodes, ref } = canvas.scene.store.getState();
  const node = graph?.nodes[id];
  const field = nodes.get(id)?.model.fields.find(({ input }) => input.name === name);
  if (node === undefined || field === undefined) return [];
  const exposed = exposedFields(node);
  const isSocket = exposed.includes(name);
  return [
    { heading: field.label },
    field.linked
      ? {
          label: "Take the link off",
          run: () =>
            canvas.edit("Disconnect", (now) => disconnect(now, new Set([`${id} ${name}`]))),
        }
      : {
          label: isSocket ? "Make it a field" : "Make it a socket",
          icon: "nodes",
          run: () =>
            canvas.edit(isSocket ? "Make it a field" : "Make it a socket", (now) =>
              changeNodes(now, [id], (old) => ({
                ...old,
                sockets: isSocket ? exposed.filter((other) => other !== name) : [...exposed, name],
              })),
            ),
        },
    {
      label: "Reset to its default",
      icon: "undo",
      disabled: field.input.default === undefined || !(name in node.values),
      run: () => canvas.edit("Reset a value", (now) => dropValues(now, id, [name])),
    },
    ...(ref === null || field.linked
      ? []
      : [
          {
            label: "Show on the subgraph's node",
            icon: "subgraph" as const,
            run: () => canvas.promote(id, name),
          },
        ]),
  ];
}
