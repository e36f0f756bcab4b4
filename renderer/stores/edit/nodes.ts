/** Changes of single nodes. Each returns the same graph when nothing changes. */
import type { DocumentGraph, DocumentNode } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";

export type Point = readonly [number, number];
type NodeChange = (node: DocumentNode, id: string) => DocumentNode;

/** Changes each of the named nodes that is there. */
export function changeNodes(
  graph: DocumentGraph,
  ids: Iterable<string>,
  change: NodeChange,
): DocumentGraph {
  let nodes: Record<string, DocumentNode> | null = null;
  for (const id of ids) {
    const node = graph.nodes[id];
    if (node === undefined) continue;
    const next = change(node, id);
    if (next === node) continue;
    nodes ??= { ...graph.nodes };
    nodes[id] = next;
  }
  return nodes === null ? graph : { ...graph, nodes };
}

export function setValue(
  graph: DocumentGraph,
  id: string,
  name: string,
  value: Json,
): DocumentGraph {
  return changeNodes(graph, [id], (node) =>
    node.values[name] === value ? node : { ...node, values: { ...node.values, [name]: value } },
  );
}

/** Takes values out, so that the inputs have their defaults again. */
export function dropValues(
  graph: DocumentGraph,
  id: string,
  names: readonly string[],
): DocumentGraph {
  return changeNodes(graph, [id], (node) => {
    if (!names.some((name) => name in node.values)) return node;
    const kept = Object.entries(node.values).filter(([name]) => !names.includes(name));
    return { ...node, values: Object.fromEntries(kept) };
  });
}

/** Sets or, with undefined, takes out a key of each node. */
export function setKey<
  K extends "title" | "state" | "at" | "size" | "collapsed" | "pinned" | "color",
>(
  graph: DocumentGraph,
  ids: Iterable<string>,
  key: K,
  value: DocumentNode[K] | undefined,
): DocumentGraph {
  return changeNodes(graph, ids, (node) => {
    if (node[key] === value) return node;
    const next = { ...node };
    if (value === undefined) delete next[key];
    else next[key] = value as DocumentNode[K];
    return next;
  });
}

export function moveNodes(
  graph: DocumentGraph,
  positions: ReadonlyMap<string, Point>,
): DocumentGraph {
  return changeNodes(graph, positions.keys(), (node, id) => {
    const at = positions.get(id)!;
    return node.at?.[0] === at[0] && node.at[1] === at[1] ? node : { ...node, at: [at[0], at[1]] };
  });
}

/** An id that no node of the graph has: the type in lower case and, where taken, a number. */
export function freeId(taken: (id: string) => boolean, wanted: string): string {
  const base = wanted.replace(/[^A-Za-z0-9_-]+/g, "_").replace(/^_+|_+$/g, "") || "node";
  if (!taken(base)) return base;
  const stem = base.replace(/_\d+$/, "");
  for (let i = 2; ; i++) if (!taken(`${stem}_${i}`)) return `${stem}_${i}`;
}

export function addNode(graph: DocumentGraph, id: string, node: DocumentNode): DocumentGraph {
  return { ...graph, nodes: { ...graph.nodes, [id]: node } };
}

/** Takes nodes out with their links; groups forget them. */
export function removeNodes(graph: DocumentGraph, ids: ReadonlySet<string>): DocumentGraph {
  if (![...ids].some((id) => id in graph.nodes)) return graph;
  const nodes = Object.fromEntries(Object.entries(graph.nodes).filter(([id]) => !ids.has(id)));
  const links = graph.links.filter(({ from, to }) => !ids.has(from[0]) && !ids.has(to[0]));
  const next: DocumentGraph = { ...graph, nodes, links };
  if (graph.groups?.some((group) => group.nodes?.some((id) => ids.has(id)))) {
    next.groups = graph.groups.map((group) =>
      group.nodes === undefined
        ? group
        : { ...group, nodes: group.nodes.filter((id) => !ids.has(id)) },
    );
  }
  return next;
}

/** The same object without one of its keys. */
export function withoutKey<T extends object, K extends keyof T>(object: T, key: K): Omit<T, K> & T {
  const { [key]: _, ...rest } = object;
  return rest as Omit<T, K> & T;
}
