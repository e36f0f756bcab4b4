/** A document with its subgraphs unfolded, so that what stands before a node in another graph is found too. */
import type { DocumentGraph, GraphDocument } from "#runtime/graph/document";
import { resolveGraph, type SocketLookup } from "#runtime/graph/resolve";

/** Sockets say which input a bypassed node lets through; without them it lets none, and what lies before is not known. */
const NO_SOCKETS: SocketLookup = { inputs: () => [], outputs: () => [] };

const flattened = new WeakMap<GraphDocument, DocumentGraph>();

/** The document itself when it has no subgraphs. Nodes inside of one are named "outer:inner". */
export function flatGraph(document: GraphDocument): DocumentGraph {
  if (Object.keys(document.subgraphs ?? {}).length === 0) return document;
  const known = flattened.get(document);
  if (known !== undefined) return known;
  const flat = flattenOr(document);
  flattened.set(document, flat);
  return flat;
}

/** Name of a node in the flat graph: the first place where it stands. Null for one that does not run. */
export function flatName(graph: DocumentGraph, node: string): string | null {
  if (graph.nodes[node] !== undefined) return node;
  return Object.keys(graph.nodes).find((id) => id.endsWith(`:${node}`)) ?? null;
}

/** A document that cannot be unfolded is told as it is: its problems stand elsewhere. */
function flattenOr(document: GraphDocument): DocumentGraph {
  try {
    return flatten(document);
  } catch {
    return document;
  }
}

function flatten(document: GraphDocument): DocumentGraph {
  const nodes: Record<string, DocumentGraph["nodes"][string]> = {};
  const links: DocumentGraph["links"][number][] = [];
  for (const { id, values, inputs, origin } of resolveGraph(document, NO_SOCKETS).values()) {
    nodes[id] = { ...origin, values: { ...values } };
    for (const [name, { node, output }] of Object.entries(inputs))
      links.push({ from: [node, output], to: [id, name] });
  }
  return { ...document, nodes, links };
}
