import type { DocumentGraph, GraphDocument } from "#runtime/graph/document";

/** The graph of a document in which a node lies: its own, or one of its subgraphs. */
export function graphWith(document: GraphDocument | undefined, node: string): DocumentGraph | null {
  if (document === undefined) return null;
  if (document.nodes[node] !== undefined) return document;
  return (
    Object.values(document.subgraphs ?? {}).find(({ nodes }) => nodes[node] !== undefined) ?? null
  );
}
