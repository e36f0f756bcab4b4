/** Changes of groups. A group is named by its place in the list. */
import type { DocumentGraph } from "#runtime/graph/document";
import type { Point } from "./nodes.ts";

export type Group = NonNullable<DocumentGraph["groups"]>[number];

export function addGroup(graph: DocumentGraph, group: Group): DocumentGraph {
  return { ...graph, groups: [...(graph.groups ?? []), group] };
}

export function changeGroup(
  graph: DocumentGraph,
  index: number,
  change: (group: Group) => Group,
): DocumentGraph {
  const before = graph.groups?.[index];
  if (before === undefined) return graph;
  const next = change(before);
  if (next === before) return graph;
  return { ...graph, groups: graph.groups!.map((group, i) => (i === index ? next : group)) };
}

export function removeGroups(graph: DocumentGraph, indices: ReadonlySet<number>): DocumentGraph {
  if (graph.groups === undefined || indices.size === 0) return graph;
  const groups = graph.groups.filter((_, i) => !indices.has(i));
  return groups.length === graph.groups.length ? graph : { ...graph, groups };
}

export function moveGroups(
  graph: DocumentGraph,
  positions: ReadonlyMap<number, Point>,
): DocumentGraph {
  let next = graph;
  for (const [index, at] of positions)
    next = changeGroup(next, index, (group) => ({ ...group, at: [at[0], at[1]] }));
  return next;
}

/** Whether a group is folded to its title; kept under a key of its own. */
export const isFolded = (group: Group): boolean => group["folded"] === true;

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Nodes that a group carries: those it names, or those whose middle lies inside it. */
export function groupMembers(group: Group, boxes: ReadonlyMap<string, Box>): readonly string[] {
  if (group.nodes !== undefined) return group.nodes.filter((id) => boxes.has(id));
  const [x, y] = group.at;
  const [width, height] = group.size;
  return [...boxes]
    .filter(([, box]) => {
      const cx = box.x + box.width / 2;
      const cy = box.y + box.height / 2;
      return cx >= x && cx <= x + width && cy >= y && cy <= y + height;
    })
    .map(([id]) => id);
}

/** Groups that lie wholly inside another one, by their place in the list. */
export function groupsInside(graph: DocumentGraph, index: number): readonly number[] {
  const outer = graph.groups?.[index];
  if (outer === undefined) return [];
  const [x, y] = outer.at;
  const [width, height] = outer.size;
  return graph.groups!.flatMap(({ at, size }, i) => {
    const isInside =
      at[0] >= x && at[1] >= y && at[0] + size[0] <= x + width && at[1] + size[1] <= y + height;
    // Of two that cover each other exactly, the later one lies inside.
    const covers = size[0] === width && size[1] === height;
    return isInside && i !== index && (!covers || i > index) ? [i] : [];
  });
}

/** Groups with all that goes along with them: the groups inside of them, and the nodes of all of these. */
export function groupsWithContent(
  graph: DocumentGraph,
  indices: Iterable<number>,
  boxes: ReadonlyMap<string, Box>,
): { readonly groups: ReadonlySet<number>; readonly nodes: ReadonlySet<string> } {
  const groups = new Set([...indices].filter((index) => graph.groups?.[index] !== undefined));
  for (const index of groups) for (const inner of groupsInside(graph, index)) groups.add(inner);
  const nodes = new Set([...groups].flatMap((index) => groupMembers(graph.groups![index]!, boxes)));
  return { groups, nodes };
}

const SIDE = 12;
const TOP = 38;

/** The rectangle of a group around nodes. */
export function aroundBoxes(boxes: readonly Box[]): {
  at: [number, number];
  size: [number, number];
} {
  const left = Math.min(...boxes.map((box) => box.x));
  const top = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return {
    at: [left - SIDE, top - TOP],
    size: [right - left + 2 * SIDE, bottom - top + TOP + SIDE],
  };
}

/** Size of a folded group. */
export const FOLDED = { width: 208, height: 32 } as const;

/** The folded group's box for each node that is folded away, the same object for all of one group. */
export function foldedBoxes(
  graph: DocumentGraph,
  boxes: ReadonlyMap<string, Box>,
): ReadonlyMap<string, Box> {
  const folded = new Map<string, Box>();
  graph.groups?.forEach((group) => {
    if (!isFolded(group)) return;
    const [x, y] = group.at;
    const box = { x, y, ...FOLDED };
    for (const id of groupMembers(group, boxes)) folded.set(id, box);
  });
  return folded;
}
