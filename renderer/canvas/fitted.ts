/** The view that shows nodes, all of them or some. */
import { getViewportForBounds, type Viewport } from "@xyflow/react";
import { FOLDED, isFolded, type Box } from "../stores/edit/groups.ts";
import type { CanvasModel } from "./canvas-model.ts";
import { around } from "./guides.ts";

export const LEAST_ZOOM = 0.05;
export const MOST_ZOOM = 3;
const PADDING = 0.08;

/** null when there is nothing to show, or nothing to show it on yet. */
export function fitted(
  { scene, levels }: CanvasModel,
  ids: readonly string[] | null,
): Viewport | null {
  const { boxes, shown, graph } = scene.store.getState();
  const chosen: Box[] = (ids ?? shown).flatMap((id) => boxes.get(id) ?? []);
  if (ids === null)
    for (const group of graph?.groups ?? []) {
      const [width, height] = isFolded(group) ? [FOLDED.width, FOLDED.height] : group.size;
      chosen.push({ x: group.at[0], y: group.at[1], width, height });
    }
  const [width, height] = levels.size();
  if (chosen.length === 0 || width === 0 || height === 0) return null;
  return getViewportForBounds(around(chosen), width, height, LEAST_ZOOM, 1, PADDING);
}
