/** Changes of links. An input holds one link, so a link is named by where it ends. */
import type { DocumentGraph, DocumentLink } from "#runtime/graph/document";
import type { Point } from "./nodes.ts";

export type Socket = readonly [node: string, socket: string];

/** Names a link by its target: "node socket". */
export function linkKey(to: Socket): string {
  return `${to[0]} ${to[1]}`;
}

/** Joins two sockets; what the input held before gives way. */
export function connect(graph: DocumentGraph, from: Socket, to: Socket): DocumentGraph {
  const before = graph.links.find((link) => link.to[0] === to[0] && link.to[1] === to[1]);
  if (before !== undefined && before.from[0] === from[0] && before.from[1] === from[1])
    return graph;
  const link: DocumentLink = { from: [from[0], from[1]], to: [to[0], to[1]] };
  const links =
    before === undefined
      ? [...graph.links, link]
      : graph.links.map((other) => (other === before ? link : other));
  return { ...graph, links };
}

export function disconnect(graph: DocumentGraph, keys: ReadonlySet<string>): DocumentGraph {
  const links = graph.links.filter(({ to }) => !keys.has(linkKey(to)));
  return links.length === graph.links.length ? graph : { ...graph, links };
}

/** Sets the points through which a link runs; none: straight from socket to socket. */
export function setReroutes(
  graph: DocumentGraph,
  key: string,
  via: readonly Point[],
): DocumentGraph {
  let changed = false;
  const links = graph.links.map((link) => {
    if (linkKey(link.to) !== key) return link;
    changed = true;
    const { via: _, ...rest } = link;
    return via.length === 0
      ? rest
      : { ...rest, via: via.map(([x, y]) => [x, y] as [number, number]) };
  });
  return changed ? { ...graph, links } : graph;
}
