/** Which node lies beside another: along a wire to the left and right, by place above and below. */
import type { SceneState } from "./scene.ts";

export type Direction = "left" | "right" | "up" | "down";

export function neighbour(
  { links, boxes }: Pick<SceneState, "links" | "boxes">,
  id: string,
  direction: Direction,
): string | null {
  const own = boxes.get(id);
  if (own === undefined) return null;
  if (direction === "left" || direction === "right") {
    for (const { link } of links.values()) {
      if (direction === "right" && link.from[0] === id) return link.to[0];
      if (direction === "left" && link.to[0] === id) return link.from[0];
    }
  }
  const cx = own.x + own.width / 2;
  const cy = own.y + own.height / 2;
  let best: string | null = null;
  let least = Infinity;
  for (const [other, box] of boxes) {
    if (other === id) continue;
    const dx = box.x + box.width / 2 - cx;
    const dy = box.y + box.height / 2 - cy;
    const along = { left: -dx, right: dx, up: -dy, down: dy }[direction];
    const across = Math.abs(direction === "left" || direction === "right" ? dy : dx);
    if (along <= 0) continue;
    const cost = along + 2 * across;
    if (cost < least) {
      least = cost;
      best = other;
    }
  }
  return best;
}
