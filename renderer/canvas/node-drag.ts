/** Dragging what is chosen: groups carry what they hold, edges snap into line, Alt leaves copies. */
import { groupsWithContent, moveGroups, type Box } from "../stores/edit/groups.ts";
import { moveNodes, type Point } from "../stores/edit/nodes.ts";
import { duplicate } from "../stores/edit/copies.ts";
import type { SelectionChange } from "../stores/selection.ts";
import { isBoundary, moveBoundary } from "./boundary-nodes.ts";
import type { CanvasModel } from "./canvas-model.ts";
import { groupId, groupIndex, isGroupId } from "./group-ids.ts";
import { align, around } from "./guides.ts";

const SNAP_PX = 6;
const GRID = 8;

export interface NodeDrag {
  /** @param by how far from where it began, in canvas units */
  move(by: Point): void;
  drop(copies: boolean): void;
  cancel(): void;
}

interface Taken {
  /** Where everything that goes along stands. */
  readonly places: ReadonlyMap<string, Point>;
  /** Pinned nodes of the groups that go along: they stay, but copies of the groups have copies of them. */
  readonly pinned: ReadonlyMap<string, Point>;
}

/** Null when what was taken hold of is pinned. */
function taken(canvas: CanvasModel, held: string): Taken | null {
  const { graph, boxes, nodes } = canvas.scene.store.getState();
  const selection = canvas.editor.selection.store.getState();
  const places = new Map<string, Point>();
  const pinned = new Map<string, Point>();
  const isPinned = (id: string) => nodes.get(id)?.node.pinned === true;
  if (isPinned(held)) return null;
  const take = (id: string) => {
    const box = boxes.get(id);
    if (box !== undefined && !isPinned(id)) places.set(id, [box.x, box.y]);
  };
  for (const id of selection.nodes) take(id);
  if (graph !== null && selection.groups.size > 0) {
    const { groups, nodes: content } = groupsWithContent(graph, selection.groups, boxes);
    for (const index of groups) {
      const [x, y] = graph.groups![index]!.at;
      places.set(groupId(index), [x, y]);
    }
    for (const id of content) {
      take(id);
      const box = boxes.get(id);
      if (isPinned(id) && box !== undefined) pinned.set(id, [box.x, box.y]);
    }
  }
  return places.has(held) ? { places, pinned } : null;
}

export function beginNodeDrag(canvas: CanvasModel, held: string): NodeDrag | null {
  const all = taken(canvas, held);
  if (all === null) return null;
  const { places: begun, pinned } = all;
  const { boxes } = canvas.scene.store.getState();
  const own = [...begun.keys()].flatMap((id) => boxes.get(id) ?? []);
  const bounds = own.length === 0 ? null : around(own);
  const others = [...canvas.levels.store.getState().near]
    .filter((id) => !begun.has(id))
    .flatMap((id) => boxes.get(id) ?? []);

  function snapped(by: Point): Point {
    if (bounds === null) return by;
    const [x, y] = [bounds.x + by[0], bounds.y + by[1]];
    if (canvas.editor.settings.store.getState().snapToGrid)
      return [Math.round(x / GRID) * GRID - bounds.x, Math.round(y / GRID) * GRID - bounds.y];
    const moved: Box = { ...bounds, x, y };
    const { dx, dy, guides } = align(moved, others, SNAP_PX / canvas.levels.viewport().zoom);
    if (guides !== null || canvas.store.getState().guides !== null)
      canvas.store.setState({ guides });
    return [by[0] + dx, by[1] + dy];
  }

  /** How far everything was moved, in whole units. */
  function distance(): Point {
    const [from, to] = [begun.get(held)!, canvas.motion.moving().get(held) ?? begun.get(held)!];
    return [Math.round(to[0] - from[0]), Math.round(to[1] - from[1])];
  }

  function cancel(): void {
    canvas.store.setState({ guides: null });
    canvas.motion.setMoving(new Map());
  }

  return {
    cancel,
    move(by) {
      const [dx, dy] = snapped(by);
      canvas.motion.setMoving(
        new Map([...begun].map(([id, [x, y]]) => [id, [x + dx, y + dy] as Point])),
      );
    },
    drop(copies) {
      const rounded = [...canvas.motion.moving()].map(
        ([id, [x, y]]) => [id, [Math.round(x), Math.round(y)] as Point] as const,
      );
      const nodes = new Map(rounded.filter(([id]) => !isGroupId(id) && !isBoundary(id)));
      const groups = new Map(
        rounded.filter(([id]) => isGroupId(id)).map(([id, at]) => [groupIndex(id), at]),
      );
      if (copies && nodes.size + groups.size > 0) {
        const [dx, dy] = distance();
        for (const [id, [x, y]] of pinned) nodes.set(id, [x + dx, y + dy]);
        let chosen: SelectionChange = {};
        canvas.edit("Duplicate", (graph) => {
          const copied = duplicate(graph, nodes, groups);
          chosen = { nodes: copied.added, groups: copied.addedGroups };
          return copied.graph;
        });
        canvas.editor.selection.set(chosen);
      } else {
        const count = nodes.size + groups.size;
        canvas.edit(count === 1 ? "Move" : `Move ${count} things`, (graph) => {
          let next = moveGroups(moveNodes(graph, nodes), groups);
          for (const [id, at] of rounded) if (isBoundary(id)) next = moveBoundary(next, id, at);
          return next;
        });
      }
      cancel();
    },
  };
}
