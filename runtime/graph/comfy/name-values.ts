/** Values that were read without knowing their node's class get their names once it is known. */
import { withPlainRecords, type DocumentNode, type GraphDocument } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { isVirtual } from "#runtime/graph/virtual-nodes";
import { listOf, objectOf } from "./comfy-json.ts";
import type { NodeFacts } from "./node-facts.ts";
import { readWidgets } from "./read-widgets.ts";
import { fileOf } from "./sockets.ts";

export function nameValues(document: GraphDocument, facts: NodeFacts): GraphDocument {
  const subgraphs = Object.entries(document.subgraphs ?? {}).map(([id, subgraph]) => [
    id,
    { ...subgraph, nodes: named(subgraph.nodes, facts) },
  ]);
  return withPlainRecords({
    ...document,
    nodes: named(document.nodes, facts),
    ...(document.subgraphs === undefined ? {} : { subgraphs: Object.fromEntries(subgraphs) }),
  });
}

function named(
  nodes: Readonly<Record<string, DocumentNode>>,
  facts: NodeFacts,
): Record<string, DocumentNode> {
  return Object.fromEntries(
    Object.entries(nodes).map(([id, node]) => [id, withNames(node, facts)]),
  );
}

function withNames(node: DocumentNode, facts: NodeFacts): DocumentNode {
  const comfy = objectOf(node["comfy"] as Json | undefined);
  const places = listOf(comfy["widgets"]);
  const fact = facts.get(node.type);
  if (fact === undefined || places.length === 0 || isVirtual(node.type)) return node;
  if (places.some((place) => typeof place === "string")) return node;
  const values = places.map((place) => listOf(place)[0] ?? null);
  const raw = { ...fileOf(node), type: node.type, widgets_values: values };
  const read = readWidgets(raw, fact, () => undefined);
  return {
    ...node,
    values: { ...read.values, ...node.values },
    comfy: {
      ...comfy,
      widgets: read.widgets ?? null,
      ...(read.integers.length === 0 ? {} : { integers: read.integers }),
    },
  };
}
