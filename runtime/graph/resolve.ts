/**
 * From the document to what runs: subgraphs are unfolded (ids "outer:inner"), notes and reroutes vanish, muted nodes
 * drop out with their links, bypassed ones let a matching input through. The rules are ComfyUI's graphToPrompt.
 */
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  SUBGRAPH_PREFIX,
  type DocumentGraph,
  type DocumentNode,
  type GraphDocument,
} from "./document.ts";
import type { Json } from "./json.ts";
import { isWildcard, socketsMatch } from "./sockets.ts";

/** Types that exist in documents only. */
export const NOTE_TYPES: ReadonlySet<string> = new Set(["Note", "MarkdownNote"]);
export const REROUTE_TYPE = "Reroute";

export interface Source {
  readonly node: string;
  readonly output: string;
}

export interface ResolvedNode {
  readonly id: string;
  readonly type: string;
  readonly title: string | undefined;
  readonly values: Readonly<Record<string, Json>>;
  readonly inputs: Readonly<Record<string, Source>>;
}

export type ResolvedGraph = ReadonlyMap<string, ResolvedNode>;

/** Socket types of a node class, as far as bypassing needs them. */
export interface SocketLookup {
  inputs(type: string): readonly { readonly name: string; readonly type: string }[];
  outputs(type: string): readonly { readonly name: string; readonly type: string }[];
}

interface Level {
  readonly graph: DocumentGraph;
  /** "" at the root, "outer:" inside. */
  readonly prefix: string;
  readonly parent: { readonly level: Level; readonly node: string } | null;
  /** "node socket" -> source inside this level. */
  readonly incoming: ReadonlyMap<string, readonly [string, string]>;
}

const MAX_NESTING = 32;

export function resolveGraph(document: GraphDocument, lookup: SocketLookup): ResolvedGraph {
  const resolved = new Map<string, ResolvedNode>();
  visit(level(document, "", null), document, lookup, resolved, 0);
  for (const [id, node] of resolved) {
    const inputs = Object.entries(node.inputs).filter(([, source]) => resolved.has(source.node));
    resolved.set(id, { ...node, inputs: Object.fromEntries(inputs) });
  }
  return resolved;
}

function level(graph: DocumentGraph, prefix: string, parent: Level["parent"]): Level {
  const incoming = new Map(
    graph.links.map((link) => [key(link.to[0], link.to[1]), link.from] as const),
  );
  return { graph, prefix, parent, incoming };
}

function key(node: string, socket: string): string {
  return `${node} ${socket}`;
}

function visit(
  at: Level,
  document: GraphDocument,
  lookup: SocketLookup,
  out: Map<string, ResolvedNode>,
  depth: number,
): void {
  if (depth > MAX_NESTING) return;
  for (const [id, node] of Object.entries(at.graph.nodes)) {
    if (node.state !== undefined || NOTE_TYPES.has(node.type) || node.type === REROUTE_TYPE)
      continue;
    const inner = subgraphOf(document, node);
    if (inner !== undefined) {
      visit(
        level(inner, `${at.prefix}${id}:`, { level: at, node: id }),
        document,
        lookup,
        out,
        depth + 1,
      );
      continue;
    }
    const inputs: Record<string, Source> = {};
    const values: Record<string, Json> = { ...node.values };
    for (const link of at.graph.links) {
      if (link.to[0] !== id) continue;
      const found = follow(
        at,
        link.from,
        wanted(lookup, node.type, link.to[1]),
        document,
        lookup,
        0,
      );
      if (found === null) continue;
      if ("value" in found) values[link.to[1]] = found.value;
      else inputs[link.to[1]] = found;
    }
    const full = at.prefix + id;
    out.set(full, { id: full, type: node.type, title: node.title, values, inputs });
  }
}

type Found = Source | { readonly value: Json } | null;

/** Follows a link backwards to the node that really makes the value. */
function follow(
  at: Level,
  from: readonly [string, string],
  type: string,
  document: GraphDocument,
  lookup: SocketLookup,
  hops: number,
): Found {
  if (hops > 1000) return null;
  const [id, socket] = from;
  if (id === BOUNDARY_IN) return followOut(at, socket, type, document, lookup, hops);
  const node = at.graph.nodes[id];
  if (node === undefined) return null;
  if (node.type === REROUTE_TYPE) return next(at, id, "input", type, document, lookup, hops);
  if (node.state === "bypassed") {
    const through = bypassInput(node, socket, type, document, lookup);
    return through === null ? null : next(at, id, through, type, document, lookup, hops);
  }
  const inner = subgraphOf(document, node);
  if (inner === undefined || node.state === "muted")
    return { node: at.prefix + id, output: socket };
  const below = level(inner, `${at.prefix}${id}:`, { level: at, node: id });
  return next(below, BOUNDARY_OUT, socket, type, document, lookup, hops);
}

function next(
  at: Level,
  node: string,
  socket: string,
  type: string,
  document: GraphDocument,
  lookup: SocketLookup,
  hops: number,
): Found {
  const source = at.incoming.get(key(node, socket));
  return source === undefined ? null : follow(at, source, type, document, lookup, hops + 1);
}

/** An input of the subgraph: the instance's link, or else the value that the instance holds. */
function followOut(
  at: Level,
  socket: string,
  type: string,
  document: GraphDocument,
  lookup: SocketLookup,
  hops: number,
): Found {
  if (at.parent === null) return null;
  const { level: outer, node } = at.parent;
  const linked = next(outer, node, socket, type, document, lookup, hops);
  if (linked !== null) return linked;
  const value = outer.graph.nodes[node]?.values[socket];
  return value === undefined ? null : { value };
}

function bypassInput(
  node: DocumentNode,
  socket: string,
  type: string,
  document: GraphDocument,
  lookup: SocketLookup,
): string | null {
  const inner = subgraphOf(document, node);
  const inputs = inner?.inputs ?? lookup.inputs(node.type);
  const outputs = inner?.outputs ?? lookup.outputs(node.type);
  const slot = outputs.findIndex((output) => output.name === socket);
  const opposite = inputs[slot] ?? inputs[0];
  if (isWildcard(type)) return opposite?.name ?? null;
  const own = outputs[slot]?.type ?? "*";
  const fits = (candidate: string): boolean =>
    socketsMatch(candidate, own) && socketsMatch(candidate, type);
  if (slot >= 0 && inputs[slot] !== undefined && fits(inputs[slot].type)) return inputs[slot].name;
  return (inputs.find((i) => i.type === type) ?? inputs.find((i) => fits(i.type)))?.name ?? null;
}

function wanted(lookup: SocketLookup, type: string, socket: string): string {
  return lookup.inputs(type).find((input) => input.name === socket)?.type ?? "*";
}

function subgraphOf(document: GraphDocument, node: DocumentNode) {
  if (!node.type.startsWith(SUBGRAPH_PREFIX)) return undefined;
  return document.subgraphs?.[node.type.slice(SUBGRAPH_PREFIX.length)];
}
