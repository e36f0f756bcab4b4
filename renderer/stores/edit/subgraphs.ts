/** Subgraphs: nodes folded into one, unfolded again, and values of inner nodes shown outside. */
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  SUBGRAPH_PREFIX,
  type DocumentGraph,
  type DocumentLink,
  type DocumentNode,
  type GraphDocument,
  type Subgraph,
} from "#runtime/graph/document";
import type { NodeDescriptions } from "#runtime/protocol/node-description";
import { withGraph, type GraphRef } from "./graph-at.ts";
import { freeId, removeNodes } from "./nodes.ts";

type Boundary = Subgraph["inputs"][number];

export interface MadeSubgraph {
  readonly document: GraphDocument;
  /** The node that stands for it; null: nothing was there to fold. */
  readonly node: string | null;
}

/** Type of an output socket of a node, as far as it is known. */
export type SocketTypes = (node: string, socket: string, side: "in" | "out") => string;

const freeName = (taken: readonly Boundary[], wanted: string): string =>
  freeId((name) => taken.some((other) => other.name === name), wanted);

/** Folds nodes into a subgraph; one node with the sockets that crossed its edge stands in their place. */
export function makeSubgraph(
  document: GraphDocument,
  ref: GraphRef,
  ids: ReadonlySet<string>,
  title: string,
  typeOf: SocketTypes,
): MadeSubgraph {
  const graph = ref === null ? document : document.subgraphs?.[ref];
  const inside =
    graph === undefined ? [] : Object.entries(graph.nodes).filter(([id]) => ids.has(id));
  if (graph === undefined || inside.length === 0) return { document, node: null };
  const subgraphId = freeId((id) => id in (document.subgraphs ?? {}), title);
  const nodeId = freeId((id) => id in graph.nodes, title);
  const inputs: Boundary[] = [];
  const outputs: Boundary[] = [];
  const innerLinks: DocumentLink[] = [];
  const outerLinks: DocumentLink[] = [];
  const entered = new Map<string, string>();
  const left = new Map<string, string>();
  for (const link of graph.links) {
    const fromInside = ids.has(link.from[0]);
    const toInside = ids.has(link.to[0]);
    if (fromInside && toInside) innerLinks.push(link);
    else if (toInside) {
      const source = link.from.join(" ");
      let name = entered.get(source);
      if (name === undefined) {
        name = freeName(inputs, link.to[1]);
        entered.set(source, name);
        inputs.push({ name, type: typeOf(link.from[0], link.from[1], "out") });
        outerLinks.push({ from: link.from, to: [nodeId, name] });
      }
      innerLinks.push({ from: [BOUNDARY_IN, name], to: link.to });
    } else if (fromInside) {
      const source = link.from.join(" ");
      let name = left.get(source);
      if (name === undefined) {
        name = freeName(outputs, link.from[1]);
        left.set(source, name);
        outputs.push({ name, type: typeOf(link.from[0], link.from[1], "out") });
        innerLinks.push({ from: link.from, to: [BOUNDARY_OUT, name] });
      }
      outerLinks.push({ from: [nodeId, name], to: link.to });
    }
  }
  const places = inside.map(([, { at }]) => at ?? [0, 0]);
  const at: [number, number] = [
    Math.round(places.reduce((sum, [x]) => sum + x!, 0) / places.length),
    Math.round(places.reduce((sum, [, y]) => sum + y!, 0) / places.length),
  ];
  const subgraph: Subgraph = {
    title,
    inputs,
    outputs,
    nodes: Object.fromEntries(inside),
    links: innerLinks,
  };
  const withNode = withGraph(document, ref, (now) => {
    const rest = removeNodes(now, ids);
    const node: DocumentNode = { type: SUBGRAPH_PREFIX + subgraphId, values: {}, at };
    return {
      ...rest,
      nodes: { ...rest.nodes, [nodeId]: node },
      links: [...rest.links, ...outerLinks],
    };
  });
  return {
    document: { ...withNode, subgraphs: { ...withNode.subgraphs, [subgraphId]: subgraph } },
    node: nodeId,
  };
}

export interface Unpacked {
  readonly document: GraphDocument;
  readonly added: readonly string[];
}

/** Puts what a subgraph holds in the place of its node. The subgraph itself goes when nothing else uses it. */
export function unpackSubgraph(document: GraphDocument, ref: GraphRef, id: string): Unpacked {
  const graph = ref === null ? document : document.subgraphs?.[ref];
  const node = graph?.nodes[id];
  const subgraphId = node?.type.startsWith(SUBGRAPH_PREFIX)
    ? node.type.slice(SUBGRAPH_PREFIX.length)
    : undefined;
  const subgraph = subgraphId === undefined ? undefined : document.subgraphs?.[subgraphId];
  if (
    graph === undefined ||
    node === undefined ||
    subgraph === undefined ||
    subgraphId === undefined
  )
    return { document, added: [] };
  const ids = new Map<string, string>();
  const taken = new Set(Object.keys(graph.nodes));
  taken.delete(id);
  for (const inner of Object.keys(subgraph.nodes)) {
    const free = freeId((name) => taken.has(name), inner);
    taken.add(free);
    ids.set(inner, free);
  }
  const places = Object.values(subgraph.nodes).map(({ at }) => at ?? [0, 0]);
  const left = Math.min(...places.map(([x]) => x!));
  const top = Math.min(...places.map(([, y]) => y!));
  const [ox = 0, oy = 0] = node.at ?? [];
  const incoming = (name: string) =>
    graph.links.find(({ to }) => to[0] === id && to[1] === name)?.from;
  const links: DocumentLink[] = graph.links.filter(
    ({ from, to }) => from[0] !== id && to[0] !== id,
  );
  const values = new Map<string, Record<string, DocumentNode["values"][string]>>();
  for (const link of subgraph.links) {
    const to: [string, string] = [ids.get(link.to[0]) ?? "", link.to[1]];
    if (link.to[0] === BOUNDARY_OUT) {
      const inner = ids.get(link.from[0]);
      const source: [string, string] | undefined =
        link.from[0] === BOUNDARY_IN
          ? incoming(link.from[1])
          : inner === undefined
            ? undefined
            : [inner, link.from[1]];
      if (source === undefined) continue;
      for (const outer of graph.links)
        if (outer.from[0] === id && outer.from[1] === link.to[1] && outer.to[0] !== id)
          links.push({ ...outer, from: source });
    } else if (link.from[0] === BOUNDARY_IN) {
      const source = incoming(link.from[1]);
      const value = node.values[link.from[1]];
      if (source !== undefined && source[0] !== id) links.push({ from: source, to });
      else if (value !== undefined)
        values.set(link.to[0], { ...values.get(link.to[0]), [link.to[1]]: value });
    } else {
      const from = ids.get(link.from[0]);
      if (from !== undefined && to[0] !== "")
        links.push({ ...link, from: [from, link.from[1]], to });
    }
  }
  const nodes = Object.fromEntries(Object.entries(graph.nodes).filter(([other]) => other !== id));
  for (const [inner, own] of Object.entries(subgraph.nodes)) {
    const [x = 0, y = 0] = own.at ?? [];
    nodes[ids.get(inner)!] = {
      ...own,
      values: { ...own.values, ...values.get(inner) },
      at: [Math.round(ox + x - left), Math.round(oy + y - top)],
    };
  }
  const next = withGraph(document, ref, (now) => ({ ...now, nodes, links }));
  return { document: withoutUnused(next, subgraphId), added: [...ids.values()] };
}

function withoutUnused(document: GraphDocument, id: string): GraphDocument {
  const type = SUBGRAPH_PREFIX + id;
  const graphs: DocumentGraph[] = [document, ...Object.values(document.subgraphs ?? {})];
  if (graphs.some(({ nodes }) => Object.values(nodes).some((node) => node.type === type)))
    return document;
  const kept = Object.entries(document.subgraphs ?? {}).filter(([other]) => other !== id);
  const { subgraphs: _, ...rest } = document;
  return kept.length === 0 ? rest : { ...rest, subgraphs: Object.fromEntries(kept) };
}

/** Gives a subgraph an input that leads to a field of one of its nodes: the field shows outside. */
export function promoteValue(
  document: GraphDocument,
  ref: string,
  node: string,
  input: string,
  descriptions: NodeDescriptions,
): GraphDocument {
  const subgraph = document.subgraphs?.[ref];
  const type = descriptions
    .get(subgraph?.nodes[node]?.type ?? "")
    ?.inputs.find(({ name }) => name === input)?.type;
  if (subgraph === undefined || type === undefined) return document;
  if (subgraph.links.some(({ to }) => to[0] === node && to[1] === input)) return document;
  const name = freeName(subgraph.inputs, input);
  const next: Subgraph = {
    ...subgraph,
    inputs: [...subgraph.inputs, { name, type }],
    links: [...subgraph.links, { from: [BOUNDARY_IN, name], to: [node, input] }],
  };
  return { ...document, subgraphs: { ...document.subgraphs, [ref]: next } };
}
