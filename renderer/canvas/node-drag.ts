/** Dragging nodes and groups: groups carry what they hold, edges snap into line, Alt leaves copies. */
import type { NodeChange } from "@xyflow/react";
import { groupMembers, moveGroups, type Box } from "../stores/edit/groups.ts";
import { moveNodes, type Point } from "../stores/edit/nodes.ts";
import { duplicateNodes } from "../stores/edit/copies.ts";
import { isBoundary, moveBoundary } from "./boundary-nodes.ts";
import type { CanvasModel } from "./canvas-model.ts";
import { groupIndex, isGroupId } from "./flow-nodes.ts";
import { align, around } from "./guides.ts";

const SNAP_PX = 6;
const GRID = 8;

export interface NodeDrag {
  readonly start: () => void;
  readonly apply: (changes: readonly NodeChange[]) => void;
  readonly stop: (copies: boolean) => void;
}

export function createNodeDrag(canvas: CanvasModel): NodeDrag {
  /** What each dragged group carries, as it was when the drag began. */
  let carried = new Map<string, readonly string[]>();
  let begun = new Map<string, Point>();
  let others: readonly Box[] = [];
  let dragging = false;

  function start(): void {
    const { graph, boxes } = canvas.scene.store.getState();
    carried = new Map();
    graph?.groups?.forEach((group, index) =>
      carried.set(`group:${index}`, groupMembers(group, boxes)),
    );
    begun = new Map([...boxes].map(([id, { x, y }]) => [id, [x, y] as Point]));
    graph?.groups?.forEach((group, index) =>
      begun.set(`group:${index}`, [group.at[0], group.at[1]]),
    );
    others = [];
    dragging = true;
  }

  function apply(changes: readonly NodeChange[]): void {
    const moved = new Map<string, Point>();
    for (const change of changes)
      if (change.type === "position" && change.dragging === true && change.position !== undefined)
        moved.set(change.id, [change.position.x, change.position.y]);
    if (moved.size === 0) return;
    if (!dragging) start();
    for (const [id, [x, y]] of moved) {
      if (!isGroupId(id)) continue;
      const from = begun.get(id);
      if (from === undefined) continue;
      for (const member of carried.get(id) ?? []) {
        const at = begun.get(member);
        if (at !== undefined && !moved.has(member))
          moved.set(member, [at[0] + x - from[0], at[1] + y - from[1]]);
      }
    }
    canvas.scene.setMoving(snapped(moved));
  }

  function snapped(moved: ReadonlyMap<string, Point>): ReadonlyMap<string, Point> {
    const { boxes } = canvas.scene.store.getState();
    const { near } = canvas.levels.store.getState();
    const own = [...moved].flatMap(([id, [x, y]]) => {
      const box = boxes.get(id);
      return box === undefined ? [] : [{ ...box, x, y }];
    });
    if (own.length === 0) return moved;
    const grid = canvas.editor.settings.store.getState().snapToGrid;
    const bounds = around(own);
    let dx = 0;
    let dy = 0;
    if (grid) {
      dx = Math.round(bounds.x / GRID) * GRID - bounds.x;
      dy = Math.round(bounds.y / GRID) * GRID - bounds.y;
    } else {
      if (others.length === 0)
        others = [...near].filter((id) => !moved.has(id)).flatMap((id) => boxes.get(id) ?? []);
      const result = align(bounds, others, SNAP_PX / canvas.levels.viewport().zoom);
      dx = result.dx;
      dy = result.dy;
      if (canvas.store.getState().guides !== result.guides)
        canvas.store.setState({ guides: result.guides });
    }
    return dx === 0 && dy === 0
      ? moved
      : new Map([...moved].map(([id, [x, y]]) => [id, [x + dx, y + dy] as Point]));
  }

  function stop(copies: boolean): void {
    dragging = false;
    const { moving } = canvas.scene.store.getState();
    canvas.store.setState({ guides: null });
    if (moving.size === 0) return;
    const rounded = [...moving].map(
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
    canvas.scene.setMoving(new Map());
  }

  return { start, apply, stop };
}
