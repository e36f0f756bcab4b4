/** Asks each node for problems that its input specs cannot express. */
import type { Problem } from "#runtime/graph/problems";
import type { ResolvedGraph } from "#runtime/graph/resolve";
import type { NodeRegistry } from "./node-registry.ts";
import { nodeValues } from "./node-values.ts";

export function checkNodes(graph: ResolvedGraph, registry: NodeRegistry): Problem[] {
  return [...graph.values()].flatMap((node) => {
    const definition = registry.get(node.type);
    if (definition?.check === undefined) return [];
    const messages = definition.check(nodeValues(definition, node));
    return messages.map(
      (message) => ({ code: "node_check", severity: "error", node: node.id, message }) as const,
    );
  });
}
