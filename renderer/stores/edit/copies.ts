/** Copies of nodes: duplicates, and what the clipboard holds. */
import type {
  DocumentGraph,
  DocumentLink,
  DocumentNode,
  GraphDocument,
} from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { isObject } from "#runtime/graph/json";
import { documentSchema, SUBGRAPH_PREFIX } from "#runtime/graph/document";
import type { Group } from "./groups.ts";
import { freeId, type Point } from "./nodes.ts";

export interface Copied {
  readonly graph: DocumentGraph;
  /** Ids of the copies. */
  readonly added: readonly string[];
  /** Places of the copied groups in the graph's list. */
  readonly addedGroups: readonly number[];
}

/** What is copied, as it goes through the clipboard. */
export interface Clip {
  readonly nodes: Readonly<Record<string, DocumentNode>>;
  /** Links among the nodes, and those that come from outside. */
  readonly links: readonly DocumentLink[];
  readonly groups: readonly Group[];
  readonly subgraphs: NonNullable<GraphDocument["subgraphs"]>;
}

/**
 * Copies stay where the maps say; links among the originals are made among the copies, those from outside too.
 *
 * @param groupPlaces of groups that are copied, by their place in the list; their nodes are those of the first map
 */
export function duplicate(
  graph: DocumentGraph,
  places: ReadonlyMap<string, Point>,
  groupPlaces: ReadonlyMap<number, Point> = new Map(),
): Copied {
  const nodes = Object.fromEntries(
    [...places].flatMap(([id, at]) => {
      const node = graph.nodes[id];
      return node === undefined ? [] : [[id, { ...node, at: [at[0], at[1]] as [number, number] }]];
    }),
  );
  const links = graph.links.filter(({ to }) => places.has(to[0]));
  const groups = (graph.groups ?? []).flatMap((group, index): Group[] => {
    const at = groupPlaces.get(index);
    return at === undefined ? [] : [{ ...group, at: [at[0], at[1]] }];
  });
  return pasteClip(graph, { nodes, links, groups, subgraphs: {} }, [0, 0], true);
}

export function makeClip(
  document: GraphDocument,
  graph: DocumentGraph,
  ids: ReadonlySet<string>,
  groups: ReadonlySet<number>,
): Clip {
  const nodes = Object.fromEntries(Object.entries(graph.nodes).filter(([id]) => ids.has(id)));
  return {
    nodes,
    links: graph.links.filter(({ to }) => ids.has(to[0])),
    groups: (graph.groups ?? []).filter((_, index) => groups.has(index)),
    subgraphs: subgraphsOf(document, Object.values(nodes)),
  };
}

/** The subgraphs that nodes stand for, and those inside of these. */
function subgraphsOf(
  document: GraphDocument,
  nodes: readonly DocumentNode[],
): NonNullable<GraphDocument["subgraphs"]> {
  const found: NonNullable<GraphDocument["subgraphs"]> = {};
  const visit = (list: readonly DocumentNode[]) => {
    for (const { type } of list) {
      if (!type.startsWith(SUBGRAPH_PREFIX)) continue;
      const id = type.slice(SUBGRAPH_PREFIX.length);
      const subgraph = document.subgraphs?.[id];
      if (subgraph === undefined || id in found) continue;
      found[id] = subgraph;
      visit(Object.values(subgraph.nodes));
    }
  };
  visit(nodes);
  return found;
}

/** Pastes with new ids, moved by an offset. With links: those from outside are kept where their source is there. */
export function pasteClip(
  graph: DocumentGraph,
  clip: Clip,
  [dx, dy]: Point,
  withLinks: boolean,
): Copied {
  const ids = new Map<string, string>();
  const taken = new Set(Object.keys(graph.nodes));
  for (const id of Object.keys(clip.nodes)) {
    const free = freeId((name) => taken.has(name), id);
    taken.add(free);
    ids.set(id, free);
  }
  const nodes: Record<string, DocumentNode> = { ...graph.nodes };
  for (const [id, node] of Object.entries(clip.nodes)) {
    const [x = 0, y = 0] = node.at ?? [];
    nodes[ids.get(id)!] = { ...node, at: [Math.round(x + dx), Math.round(y + dy)] };
  }
  const links = clip.links.flatMap((link): DocumentLink[] => {
    const inside = ids.get(link.from[0]);
    const from = inside ?? (withLinks && link.from[0] in graph.nodes ? link.from[0] : null);
    const to = ids.get(link.to[0]);
    if (from === null || to === undefined) return [];
    const via =
      inside === undefined
        ? undefined
        : link.via?.map(([x, y]): [number, number] => [x + dx, y + dy]);
    return [
      { from: [from, link.from[1]], to: [to, link.to[1]], ...(via === undefined ? {} : { via }) },
    ];
  });
  const next: DocumentGraph = { ...graph, nodes, links: [...graph.links, ...links] };
  const before = graph.groups ?? [];
  if (clip.groups.length > 0) {
    const moved = clip.groups.map((group): Group => {
      const members = group.nodes?.flatMap((id) => ids.get(id) ?? []);
      const at: [number, number] = [group.at[0] + dx, group.at[1] + dy];
      return { ...group, at, ...(members === undefined ? {} : { nodes: members }) };
    });
    next.groups = [...before, ...moved];
  }
  const addedGroups = clip.groups.map((_, index) => before.length + index);
  return { graph: next, added: [...ids.values()], addedGroups };
}

/** A clip as text: a document of its own, so that it can be pasted into a file, or a file into a graph. */
export function clipText({ nodes, links, groups, subgraphs }: Clip): string {
  const document: Json = {
    umbel: 1,
    nodes: nodes as Json,
    links: links as unknown as Json,
    ...(groups.length > 0 ? { groups: groups as unknown as Json } : {}),
    ...(Object.keys(subgraphs).length > 0 ? { subgraphs: subgraphs as unknown as Json } : {}),
  };
  return JSON.stringify(document, null, 2);
}

/** The clip that a text holds; null when it is none. */
export function readClip(text: string): Clip | null {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value as Json)) return null;
    const result = documentSchema.safeParse(value);
    if (!result.success) return null;
    const { nodes, links, groups = [], subgraphs = {} } = result.data;
    return { nodes, links, groups, subgraphs };
  } catch {
    return null;
  }
}
