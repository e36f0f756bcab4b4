import type { DocumentGraph, GraphDocument } from "#runtime/graph/document";

/** The graph that is being edited: a subgraph's id, or null for the document's own. */
export type GraphRef = string | null;

export function graphAt(document: GraphDocument, ref: GraphRef): DocumentGraph | undefined {
  return ref === null ? document : document.subgraphs?.[ref];
}

/** The document with one of its graphs changed; the same document when the change changes nothing. */
export function withGraph(
  document: GraphDocument,
  ref: GraphRef,
  change: (graph: DocumentGraph) => DocumentGraph,
): GraphDocument {
  const graph = graphAt(document, ref);
  if (graph === undefined) return document;
  const next = change(graph);
  if (next === graph) return document;
  if (ref === null) return { ...document, ...next };
  const subgraphs = { ...document.subgraphs, [ref]: next } as GraphDocument["subgraphs"];
  return { ...document, subgraphs };
}
