/** The lines that links take. */
import type { Box } from "../stores/edit/groups.ts";
import type { Point } from "../stores/edit/nodes.ts";

export type LinkStyle = "curved" | "straight" | "stepped" | "hidden";

export interface WireShape {
  readonly from: Point;
  readonly to: Point;
  readonly via: readonly Point[];
  readonly fromBox?: Box;
  readonly toBox?: Box;
}

const OUT = 17;
const CORNER = 9;
const n = (value: number) => Math.round(value * 10) / 10;

/** A curve with level ends. */
function curve([ax, ay]: Point, [bx, by]: Point): string {
  const dx = Math.abs(bx - ax);
  const dy = Math.abs(by - ay);
  const handle = Math.max(26, Math.min(150, dx * 0.5 + Math.min(30, dy * 0.04)));
  return `C${n(ax + handle)} ${n(ay)} ${n(bx - handle)} ${n(by)} ${n(bx)} ${n(by)}`;
}

/** Whether the target stands below in the same column, so that a curve would double back through both. */
export function isStacked({ from, to, via, fromBox, toBox }: WireShape): boolean {
  if (via.length > 0 || fromBox === undefined || toBox === undefined) return false;
  return (
    to[0] < from[0] - 8 &&
    toBox.y >= fromBox.y + fromBox.height - 4 &&
    toBox.x < fromBox.x + fromBox.width &&
    toBox.x + toBox.width > fromBox.x
  );
}

/** Out to the right, through the middle of the gap between the nodes, in from the left. */
function stack({ from, to, fromBox, toBox }: WireShape): string {
  const gap = (fromBox!.y + fromBox!.height + toBox!.y) / 2;
  const r = Math.max(2, Math.min(CORNER, (gap - from[1]) / 2, (to[1] - gap) / 2));
  const right = Math.max(from[0], toBox!.x + toBox!.width) + OUT;
  const left = Math.min(to[0], fromBox!.x) - OUT;
  return [
    `M${n(from[0])} ${n(from[1])}H${n(right - r)}q${r} 0 ${r} ${r}`,
    `V${n(gap - r)}q0 ${r} ${-r} ${r}`,
    `H${n(left + r)}q${-r} 0 ${-r} ${r}`,
    `V${n(to[1] - r)}q0 ${r} ${r} ${r}H${n(to[0])}`,
  ].join("");
}

function stepped([ax, ay]: Point, [bx, by]: Point): string {
  const middle = bx > ax + 24 ? (ax + bx) / 2 : ax + 16;
  const r = Math.min(CORNER, Math.abs(by - ay) / 2, Math.abs(middle - ax));
  if (r < 1) return `L${n(bx)} ${n(by)}`;
  const down = by > ay ? r : -r;
  const onward = bx >= middle ? r : -r;
  return `H${n(middle - r)}q${r} 0 ${r} ${down}V${n(by - down)}q0 ${down} ${onward} ${down}H${n(bx)}`;
}

export function wirePath(shape: WireShape, style: LinkStyle): string {
  const { from, to, via } = shape;
  if (style !== "straight" && isStacked(shape)) return stack(shape);
  let path = `M${n(from[0])} ${n(from[1])}`;
  let at = from;
  for (const point of [...via, to]) {
    if (style === "straight") path += `L${n(point[0])} ${n(point[1])}`;
    else if (style === "stepped") path += stepped(at, point);
    else path += curve(at, point);
    at = point;
  }
  return path;
}

const kept = new WeakMap<WireShape, { readonly style: LinkStyle; readonly path: string }>();

/** The line of a link that stays as it is: made once. */
export function linePath(shape: WireShape, style: LinkStyle): string {
  const found = kept.get(shape);
  if (found?.style === style) return found.path;
  const path = wirePath(shape, style);
  kept.set(shape, { style, path });
  return path;
}

/** Which part of a link a point is nearest to: the place that a reroute there takes in its list. */
export function reroutePlace(shape: WireShape, at: Point): number {
  const points = [shape.from, ...shape.via, shape.to];
  let best = 0;
  let least = Infinity;
  for (let i = 0; i + 1 < points.length; i++) {
    const distance = toSegment(at, points[i]!, points[i + 1]!);
    if (distance < least) {
      least = distance;
      best = i;
    }
  }
  return best;
}

function toSegment([px, py]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const length = (bx - ax) ** 2 + (by - ay) ** 2;
  const along =
    length === 0
      ? 0
      : Math.max(0, Math.min(1, ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / length));
  return Math.hypot(px - ax - along * (bx - ax), py - ay - along * (by - ay));
}
