/** Commands that select, arrange and show. */
import { alignBoxes, type Alignment } from "../stores/edit/arrange.ts";
import { aroundBoxes, changeGroup, groupMembers } from "../stores/edit/groups.ts";
import { moveNodes } from "../stores/edit/nodes.ts";
import { glide, tidyLayout } from "../canvas/tidy-layout.ts";
import { focusNode } from "../canvas/node-keys.ts";
import { isBoundary, moveBoundary } from "../canvas/boundary-nodes.ts";
import type { Command, CommandContext } from "./command.ts";

const GLIDE_MS = 320;

const hasCanvas: NonNullable<Command["enabled"]> = ({ model }) =>
  (model?.scene.store.getState().graph ?? null) !== null;
const chosen = ({ editor }: CommandContext) => editor.selection.store.getState().nodes;

const ALIGNMENTS: readonly { how: Alignment; title: string; keys?: string }[] = [
  { how: "left", title: "Align left edges", keys: "Alt+KeyA" },
  { how: "right", title: "Align right edges", keys: "Alt+KeyD" },
  { how: "top", title: "Align top edges", keys: "Alt+KeyW" },
  { how: "bottom", title: "Align bottom edges", keys: "Alt+KeyS" },
  { how: "across", title: "Distribute across" },
  { how: "down", title: "Distribute down" },
];

async function tidy({ model }: CommandContext, ids: ReadonlySet<string>): Promise<void> {
  if (model === null) return;
  const { scene, motion } = model;
  const state = scene.store.getState();
  const movable = new Set([...ids].filter((id) => state.nodes.get(id)?.node.pinned !== true));
  const places = await tidyLayout(state, movable);
  // Groups go with what they hold.
  const held = (state.graph?.groups ?? [])
    .map((group, index) => [index, groupMembers(group, state.boxes)] as const)
    .filter(([, members]) => members.some((id) => places.has(id)));
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  await glide(state.boxes, places, still || places.size > 300 ? 0 : GLIDE_MS, (moving) =>
    motion.setMoving(moving),
  );
  model.edit("Tidy layout", (graph) => {
    const nodes = new Map([...places].filter(([id]) => !isBoundary(id)));
    let next = moveNodes(graph, nodes);
    for (const [id, at] of places) if (isBoundary(id)) next = moveBoundary(next, id, at);
    for (const [index, members] of held) {
      const boxes = members.flatMap((id) => {
        const box = state.boxes.get(id);
        const [x, y] = places.get(id) ?? [box?.x ?? 0, box?.y ?? 0];
        return box === undefined ? [] : [{ ...box, x, y }];
      });
      next = changeGroup(next, index, (group) => ({ ...group, ...aroundBoxes(boxes) }));
    }
    return next;
  });
  motion.setMoving(new Map());
}

export const ARRANGE_COMMANDS: readonly Command[] = [
  {
    id: "select.all",
    title: "Select all",
    group: "Select",
    keys: ["$mod+KeyA"],
    enabled: hasCanvas,
    run: ({ editor, model }) => {
      const { graph } = model!.scene.store.getState();
      editor.selection.set({
        nodes: Object.keys(graph?.nodes ?? {}),
        groups: (graph?.groups ?? []).keys(),
      });
    },
  },
  {
    id: "select.walk",
    title: "Walk through the nodes",
    group: "Select",
    keys: ["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"],
    // A node that has the focus walks by itself.
    enabled: (context) =>
      hasCanvas(context) &&
      (document.activeElement === document.body ||
        document.activeElement?.classList.contains("canvas-region") === true),
    run: (context) => {
      const [selected] = chosen(context);
      const [first] = context.model!.scene.store.getState().nodes.keys();
      const id = selected ?? first;
      if (id !== undefined) focusNode(context.model!, id);
    },
  },
  {
    id: "select.none",
    title: "Select nothing",
    group: "Select",
    keys: ["Escape"],
    enabled: ({ editor }) => {
      const { nodes, links, groups } = editor.selection.store.getState();
      return nodes.size + links.size + groups.size > 0;
    },
    run: ({ editor }) => editor.selection.set(),
  },
  {
    id: "select.upstream",
    title: "Select all that this needs",
    group: "Select",
    enabled: (context) => chosen(context).size > 0,
    run: (context) => {
      const { graph } = context.model!.scene.store.getState();
      const found = new Set(chosen(context));
      for (let grew = true; grew;) {
        grew = false;
        for (const { from, to } of graph?.links ?? [])
          if (found.has(to[0]) && !found.has(from[0]) && !isBoundary(from[0])) {
            found.add(from[0]);
            grew = true;
          }
      }
      context.editor.selection.set({ nodes: found });
    },
  },
  ...ALIGNMENTS.map(({ how, title, keys }): Command => ({
    id: `arrange.${how}`,
    title,
    group: "Arrange",
    icon: "align",
    ...(keys === undefined ? {} : { keys: [keys] }),
    enabled: (context) => chosen(context).size > 1,
    run: (context) => {
      const { boxes } = context.model!.scene.store.getState();
      const own = new Map([...boxes].filter(([id]) => chosen(context).has(id)));
      const places = alignBoxes(own, how);
      context.model!.edit(title, (graph) => moveNodes(graph, places));
    },
  })),
  {
    id: "arrange.tidy",
    title: "Tidy layout",
    group: "Arrange",
    icon: "graph",
    keys: ["$mod+Shift+KeyL"],
    enabled: hasCanvas,
    run: (context) => tidy(context, new Set(context.model!.scene.store.getState().boxes.keys())),
  },
  {
    id: "arrange.tidy-selection",
    title: "Tidy selection",
    group: "Arrange",
    icon: "graph",
    enabled: (context) => chosen(context).size > 1,
    run: (context) => tidy(context, chosen(context)),
  },
  {
    id: "view.fit",
    title: "Fit to the graph or the selection",
    group: "View",
    icon: "fit",
    keys: ["."],
    enabled: hasCanvas,
    run: ({ canvas }) => canvas.fit(),
  },
  {
    id: "view.zoom-in",
    title: "Zoom in",
    group: "View",
    keys: ["Alt+=", "Alt++"],
    enabled: hasCanvas,
    run: ({ canvas }) => canvas.zoomBy(1.25),
  },
  {
    id: "view.zoom-out",
    title: "Zoom out",
    group: "View",
    keys: ["Alt+-"],
    enabled: hasCanvas,
    run: ({ canvas }) => canvas.zoomBy(0.8),
  },
  {
    id: "view.zoom-full",
    title: "Zoom to 100 %",
    group: "View",
    enabled: hasCanvas,
    run: ({ canvas, model }) => canvas.zoomBy(1 / (model?.levels.viewport().zoom ?? 1)),
  },
];
