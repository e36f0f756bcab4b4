/** Aligning and distributing rectangles: where each goes. */
import type { Box } from "./groups.ts";
import type { Point } from "./nodes.ts";

export type Alignment = "left" | "right" | "top" | "bottom" | "across" | "down";

export function alignBoxes(
  boxes: ReadonlyMap<string, Box>,
  how: Alignment,
): ReadonlyMap<string, Point> {
  const all = [...boxes];
  if (all.length < 2) return new Map();
  const list = all.map(([, box]) => box);
  const left = Math.min(...list.map(({ x }) => x));
  const right = Math.max(...list.map(({ x, width }) => x + width));
  const top = Math.min(...list.map(({ y }) => y));
  const bottom = Math.max(...list.map(({ y, height }) => y + height));
  switch (how) {
    case "left":
      return places(all, ({ y }) => [left, y]);
    case "right":
      return places(all, ({ y, width }) => [right - width, y]);
    case "top":
      return places(all, ({ x }) => [x, top]);
    case "bottom":
      return places(all, ({ x, height }) => [x, bottom - height]);
    case "across":
      return distribute(all, "x", "width", left, right);
    case "down":
      return distribute(all, "y", "height", top, bottom);
  }
}

const places = (
  boxes: readonly (readonly [string, Box])[],
  at: (box: Box) => Point,
): ReadonlyMap<string, Point> => new Map(boxes.map(([id, box]) => [id, at(box)]));

/** Equal gaps between neighbours; the outermost stay. */
function distribute(
  boxes: readonly (readonly [string, Box])[],
  axis: "x" | "y",
  size: "width" | "height",
  from: number,
  to: number,
): ReadonlyMap<string, Point> {
  const sorted = boxes.toSorted(([, a], [, b]) => a[axis] - b[axis]);
  const filled = sorted.reduce((sum, [, box]) => sum + box[size], 0);
  const gap = (to - from - filled) / Math.max(1, sorted.length - 1);
  let at = from;
  return new Map(
    sorted.map(([id, box]) => {
      const place: Point = axis === "x" ? [Math.round(at), box.y] : [box.x, Math.round(at)];
      at += box[size] + gap;
      return [id, place];
    }),
  );
}
