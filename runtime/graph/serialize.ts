/** Writes a document as stable, diff-friendly JSON: known keys in a fixed order, then unknown ones as they came. */
import type { DocumentGraph, GraphDocument } from "./document.ts";
import { formatJson, isObject, type Json } from "./json.ts";

const DOCUMENT_KEYS = [
  "umbel",
  "id",
  "title",
  "description",
  "nodes",
  "links",
  "groups",
  "subgraphs",
  "view",
];
const SUBGRAPH_KEYS = ["title", "inputs", "outputs", "nodes", "links", "groups"];
const NODE_KEYS = [
  "type",
  "title",
  "values",
  "controls",
  "state",
  "at",
  "size",
  "collapsed",
  "pinned",
  "color",
];
const LINK_KEYS = ["from", "to", "via"];

export function serializeDocument(document: GraphDocument): string {
  const out = ordered(document as Json, DOCUMENT_KEYS);
  Object.assign(out, graphBody(document));
  if (document.subgraphs !== undefined) {
    out["subgraphs"] = Object.fromEntries(
      Object.entries(document.subgraphs).map(([id, subgraph]) => [
        id,
        { ...ordered(subgraph as Json, SUBGRAPH_KEYS), ...graphBody(subgraph) },
      ]),
    );
  }
  return formatJson(out);
}

function graphBody(graph: DocumentGraph): Record<string, Json> {
  const nodes = Object.entries(graph.nodes).map(([id, node]) => [
    id,
    ordered(node as Json, NODE_KEYS),
  ]);
  return {
    nodes: Object.fromEntries(nodes) as Json,
    links: graph.links.map((link) => ordered(link as Json, LINK_KEYS)),
  };
}

function ordered(value: Json, keys: readonly string[]): Record<string, Json> {
  const out: Record<string, Json> = {};
  if (!isObject(value)) return out;
  for (const key of keys) {
    const item = value[key];
    if (item !== undefined) out[key] = item;
  }
  for (const [key, item] of Object.entries(value))
    if (!(key in out) && item !== undefined) out[key] = item;
  return out;
}
