/** The scene as React Flow's nodes. Those that did not move or change keep their object, so that they cost nothing. */
import type { Node } from "@xyflow/react";
import { FOLDED, groupMembers, isFolded, type Box } from "../stores/edit/groups.ts";
import type { SelectionState } from "../stores/selection.ts";
import type { SceneState } from "./scene.ts";

const NO_DATA = {};

export const isGroupId = (id: string): boolean => id.startsWith("group:");
export const groupIndex = (id: string): number => Number(id.slice("group:".length));

interface Kept {
  readonly box: Box;
  readonly selected: boolean;
  readonly draggable: boolean;
  readonly node: Node;
}

export function createFlowNodes(): (scene: SceneState, selection: SelectionState) => Node[] {
  let kept = new Map<string, Kept>();
  return (scene, selection) => {
    const next = new Map<string, Kept>();
    const list: Node[] = [];
    const put = (id: string, type: string, box: Box, selected: boolean, draggable: boolean) => {
      const old = kept.get(id);
      const same =
        old !== undefined &&
        old.selected === selected &&
        old.draggable === draggable &&
        old.box.x === box.x &&
        old.box.y === box.y &&
        old.box.width === box.width &&
        old.box.height === box.height;
      const entry = same
        ? old
        : { box, selected, draggable, node: flowNode(id, type, box, selected, draggable) };
      next.set(id, entry);
      list.push(entry.node);
    };
    const hidden = new Set<string>();
    scene.graph?.groups?.forEach((group, index) => {
      const id = `group:${index}`;
      const [x, y] = scene.moving.get(id) ?? group.at;
      const [width, height] = group.size;
      const folded = isFolded(group);
      if (folded) for (const member of groupMembers(group, scene.boxes)) hidden.add(member);
      const box = {
        x: x!,
        y: y!,
        width: folded ? FOLDED.width : width!,
        height: folded ? FOLDED.height : height!,
      };
      put(id, "umbelGroup", box, selection.groups.has(index), true);
    });
    for (const [id, box] of scene.boxes) {
      if (hidden.has(id)) continue;
      const pinned = scene.nodes.get(id)?.node.pinned === true;
      put(id, "umbel", box, selection.nodes.has(id), !pinned);
    }
    kept = next;
    return list;
  };
}

function flowNode(id: string, type: string, box: Box, selected: boolean, draggable: boolean): Node {
  const { x, y, width, height } = box;
  const isGroup = type === "umbelGroup";
  return {
    id,
    type,
    data: NO_DATA,
    position: { x, y },
    width,
    height,
    measured: { width, height },
    selected,
    draggable,
    deletable: false,
    connectable: false,
    focusable: false,
    zIndex: isGroup ? 0 : selected ? 4 : 3,
    ...(isGroup ? { dragHandle: ".group-title", style: { pointerEvents: "none" as const } } : {}),
  };
}
