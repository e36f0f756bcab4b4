/** Dragging what is chosen: groups carry what they hold, edges snap into line, Alt leaves copies. */
import { groupMembers, moveGroups, type Box } from "../stores/edit/groups.ts";
import { moveNodes, type Point } from "../stores/edit/nodes.ts";
import { duplicateNodes } from "../stores/edit/copies.ts";
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

/** Where everything that goes along stands; null when what was taken hold of is pinned. */
function taken(canvas: CanvasModel, held: string): ReadonlyMap<string, Point> | null {
  const { graph, boxes, nodes } = canvas.scene.store.getState();
  const selection = canvas.editor.selection.store.getState();
  const places = new Map<string, Point>();
  const isPinned = (id: string) => nodes.get(id)?.node.pinned === true;
  if (isPinned(held)) return null;
  const take = (id: string) => {
    const box = boxes.get(id);
    if (box !== undefined && !isPinned(id)) places.set(id, [box.x, box.y]);
  };
  for (const id of selection.nodes) take(id);
  for (const index of selection.groups) {
    const group = graph?.groups?.[index];
    if (group === undefined) continue;
    places.set(groupId(index), [group.at[0], group.at[1]]);
    for (const id of groupMembers(group, boxes)) take(id);
  }
  return places.has(held) ? places : null;
}

export function beginNodeDrag(canvas: CanvasModel, held: string): NodeDrag | null {
  const begun = taken(canvas, held);
  if (begun === null) return null;
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
      if (copies && nodes.size > 0) {
        let added: readonly string[] = [];
        canvas.edit("Duplicate", (graph) => {
          const result = duplicateNodes(graph, nodes);
          added = result.added;
          return result.graph;
        });
        canvas.editor.selection.set({ nodes: added });
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
