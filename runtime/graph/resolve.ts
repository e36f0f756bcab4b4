/**
 * From the document to what runs: subgraphs are unfolded (ids "outer:inner"), notes, reroutes and primitives vanish,
 * muted nodes drop out with their links, bypassed ones let a matching input through. The rules are ComfyUI's
 * graphToPrompt.
 */
import { UmbelError } from "#runtime/errors";
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
import {
  findSetter,
  GET_TYPES,
  isVirtual,
  keptSockets,
  PASS_THROUGH,
  PRIMITIVE_TYPE,
} from "./virtual-nodes.ts";

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
  /** Inputs whose link ends at a muted node: they have neither a link nor a value. */
  readonly cut: readonly string[];
  /** The document's node. */
  readonly origin: DocumentNode;
}

export type ResolvedGraph = ReadonlyMap<string, ResolvedNode>;

/** Socket types of a node class, as far as bypassing needs them: by slot, as ComfyUI's editor numbers them. */
export interface SocketLookup {
  /** See bySlot. */
  inputs(type: string): readonly { readonly name: string; readonly type: string }[];
  outputs(type: string): readonly { readonly name: string; readonly type: string }[];
}

/** Sockets come before parameters, whatever the order of the class. */
export function bySlot<T>(inputs: readonly T[], isParameter: (input: T) => boolean): T[] {
  return [...inputs.filter((input) => !isParameter(input)), ...inputs.filter(isParameter)];
}

interface Level {
  readonly graph: DocumentGraph;
  /** "" at the root, "outer:" inside. */
  readonly prefix: string;
  readonly parent: { readonly level: Level; readonly node: string } | null;
  /** Links by the node at which they end. */
  readonly into: ReadonlyMap<string, readonly DocumentGraph["links"][number][]>;
  /** "node socket" -> source inside this level. */
  readonly incoming: ReadonlyMap<string, readonly [string, string]>;
}

const MAX_NESTING = 32;
const MAX_NODES = 100_000;

/** Throws ERR_DOCUMENT when the subgraphs unfold to more than 100,000 nodes. */
export function resolveGraph(document: GraphDocument, lookup: SocketLookup): ResolvedGraph {
  const resolved = new Map<string, ResolvedNode>();
  visit(level(document, "", null), document, lookup, resolved, 0);
  for (const [id, node] of resolved) {
    const cut = Object.keys(node.inputs).filter(
      (name) => !resolved.has(node.inputs[name]?.node ?? ""),
    );
    if (cut.length === 0) continue;
    resolved.set(id, {
      ...node,
      inputs: without(node.inputs, cut),
      values: without(node.values, cut),
      cut,
    });
  }
  return resolved;
}

function without<T>(record: Readonly<Record<string, T>>, names: readonly string[]) {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));
}

function level(graph: DocumentGraph, prefix: string, parent: Level["parent"]): Level {
  const incoming = new Map(
    graph.links.map((link) => [key(link.to[0], link.to[1]), link.from] as const),
  );
  const into = new Map<string, DocumentGraph["links"]>();
  for (const link of graph.links) {
    const list = into.get(link.to[0]);
    if (list === undefined) into.set(link.to[0], [link]);
    else list.push(link);
  }
  return { graph, prefix, parent, into, incoming };
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
    if (node.state !== undefined || isVirtual(node.type)) continue;
    const inner = subgraphOf(document, node);
    if (inner !== undefined) {
      if (isOpen(at, inner)) continue;
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
    for (const link of at.into.get(id) ?? []) {
      const found = follow(at, link.from, wanted(lookup, node, link.to[1]), document, lookup, 0);
      if (found === null) continue;
      if ("value" in found) values[link.to[1]] = found.value;
      else inputs[link.to[1]] = found;
    }
    const full = at.prefix + id;
    if (out.size >= MAX_NODES) {
      throw new UmbelError(
        "ERR_DOCUMENT",
        `Expected subgraphs that unfold to at most ${MAX_NODES} nodes, got more. The file is damaged or hostile.`,
      );
    }
    out.set(full, {
      id: full,
      type: node.type,
      title: node.title,
      values,
      inputs,
      cut: [],
      origin: node,
    });
  }
}

/** True inside the subgraph itself: one that contains itself has no end. */
function isOpen(at: Level, graph: DocumentGraph): boolean {
  return at.graph === graph || (at.parent !== null && isOpen(at.parent.level, graph));
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
  if (node.type === PRIMITIVE_TYPE) {
    const { value } = node.values;
    return value === undefined ? null : { value };
  }
  if (GET_TYPES.has(node.type)) {
    // It has no input to let through.
    if (node.state === "bypassed") return null;
    return followChannel(at, node, type, document, lookup, hops);
  }
  if (PASS_THROUGH.has(node.type)) return next(at, id, "input", type, document, lookup, hops);
  if (node.state === "bypassed") {
    const through = bypassInput(node, socket, type, document, lookup);
    return through === null ? null : next(at, id, through, type, document, lookup, hops);
  }
  const inner = subgraphOf(document, node);
  if (inner === undefined || node.state === "muted" || isOpen(at, inner))
    return { node: at.prefix + id, output: socket };
  const below = level(inner, `${at.prefix}${id}:`, { level: at, node: id });
  return next(below, BOUNDARY_OUT, socket, type, document, lookup, hops);
}

/** What flows into the node that sets the channel, in this graph or one around it. */
function followChannel(
  at: Level,
  { values }: DocumentNode,
  type: string,
  document: GraphDocument,
  lookup: SocketLookup,
  hops: number,
): Found {
  for (let around: Level | undefined = at; around !== undefined; around = around.parent?.level) {
    const setter = findSetter(around.graph, values["channel"] ?? null);
    if (setter !== undefined) return next(around, setter, "input", type, document, lookup, hops);
  }
  return null;
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
  const inputs = inner?.inputs ?? known(lookup.inputs(node.type), node, "inputs");
  const outputs = inner?.outputs ?? known(lookup.outputs(node.type), node, "outputs");
  const slot = outputs.findIndex((output) => output.name === socket);
  const opposite = inputs[slot] ?? inputs[0];
  if (isWildcard(type)) return opposite?.name ?? null;
  const own = outputs[slot]?.type ?? "*";
  const fits = (candidate: string): boolean =>
    socketsMatch(candidate, own) && socketsMatch(candidate, type);
  if (slot >= 0 && inputs[slot] !== undefined && fits(inputs[slot].type)) return inputs[slot].name;
  return (inputs.find((i) => i.type === type) ?? inputs.find((i) => fits(i.type)))?.name ?? null;
}

function wanted(lookup: SocketLookup, node: DocumentNode, socket: string): string {
  const inputs = known(lookup.inputs(node.type), node, "inputs");
  return inputs.find((input) => input.name === socket)?.type ?? "*";
}

function known<T extends { readonly name: string; readonly type: string }>(
  sockets: readonly T[],
  node: DocumentNode,
  side: "inputs" | "outputs",
): readonly { readonly name: string; readonly type: string }[] {
  return sockets.length > 0 ? sockets : keptSockets(node, side);
}

function subgraphOf(document: GraphDocument, node: DocumentNode) {
  if (!node.type.startsWith(SUBGRAPH_PREFIX)) return undefined;
  return document.subgraphs?.[node.type.slice(SUBGRAPH_PREFIX.length)];
}
