/** Edges and middles of nodes that a dragged rectangle comes to lie in line with. */
import type { Box } from "../stores/edit/groups.ts";
import type { Guides } from "./canvas-model.ts";

export interface Aligned {
  readonly dx: number;
  readonly dy: number;
  readonly guides: Guides | null;
}

const edgesX = ({ x, width }: Box) => [x, x + width / 2, x + width];
const edgesY = ({ y, height }: Box) => [y, y + height / 2, y + height];

/** @param reach how near lines draw each other, in canvas units */
export function align(moved: Box, others: Iterable<Box>, reach: number): Aligned {
  const own = { x: edgesX(moved), y: edgesY(moved) };
  let bestX = { offset: 0, distance: reach, lines: [] as number[] };
  let bestY = { offset: 0, distance: reach, lines: [] as number[] };
  for (const box of others) {
    bestX = nearer(own.x, edgesX(box), bestX);
    bestY = nearer(own.y, edgesY(box), bestY);
  }
  const guides =
    bestX.lines.length + bestY.lines.length === 0 ? null : { x: bestX.lines, y: bestY.lines };
  return { dx: bestX.offset, dy: bestY.offset, guides };
}

interface Best {
  readonly offset: number;
  readonly distance: number;
  readonly lines: number[];
}

function nearer(own: readonly number[], other: readonly number[], best: Best): Best {
  let now = best;
  for (const a of own)
    for (const b of other) {
      const distance = Math.abs(b - a);
      if (distance < now.distance) now = { offset: b - a, distance, lines: [b] };
    }
  return now;
}

/** The rectangle around boxes. */
export function around(boxes: readonly Box[]): Box {
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  return {
    x,
    y,
    width: Math.max(...boxes.map((box) => box.x + box.width)) - x,
    height: Math.max(...boxes.map((box) => box.y + box.height)) - y,
  };
}
