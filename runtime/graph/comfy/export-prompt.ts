/** A document in ComfyUI's API format. */
import type { GraphDocument } from "#runtime/graph/document";
import { toApiPrompt } from "#runtime/graph/api-prompt";
import type { Json } from "#runtime/graph/json";
import { resolveGraph, type ResolvedGraph, type ResolvedNode } from "#runtime/graph/resolve";
import { listOf, objectOf, type JsonObject } from "./comfy-json.ts";
import { dynamicPrompt } from "./dynamic-prompts.ts";
import { nameValues } from "./name-values.ts";
import { widgetsOf, type NodeFacts } from "./node-facts.ts";
import { comfyValue } from "./write-widgets.ts";

/**
 * By the rules of ComfyUI's graphToPrompt. `choose` decides between the options of dynamic prompts; without it texts
 * stay as they are. Integers beyond 2^53 are carried: see formatComfyJson. Throws ERR_DOCUMENT.
 */
export function exportPrompt(
  document: GraphDocument,
  facts: NodeFacts,
  choose?: (count: number) => number,
): JsonObject {
  const graph = resolveGraph(nameValues(document, facts), {
    inputs: (type) => facts.get(type)?.inputs ?? [],
    outputs: (type) => facts.get(type)?.outputs ?? [],
  });
  return writePrompt(graph, facts, choose);
}

/** As `exportPrompt`, of a graph that is resolved. */
export function writePrompt(
  graph: ResolvedGraph,
  facts: NodeFacts,
  choose?: (count: number) => number,
): JsonObject {
  const complete = new Map([...graph].map(([id, node]) => [id, withVariants(node, facts)]));
  return toApiPrompt(complete, facts, (value, name, node) => {
    const fact = facts.get(node.type);
    const kept = objectOf(node.origin["comfy"] as Json | undefined);
    const written = comfyValue(value, name, fact, listOf(kept["integers"]));
    const widget = fact?.inputs.find((input) => input.name === name)?.widget;
    return choose !== undefined && widget?.dynamicPrompts === true && typeof written === "string"
      ? dynamicPrompt(written, choose)
      : written;
  });
}

/** Adds the defaults of widgets that exist for a chosen value only. */
function withVariants(node: ResolvedNode, facts: NodeFacts): ResolvedNode {
  const fact = facts.get(node.type);
  if (fact?.inputs.every(({ widget }) => widget?.variants === undefined) !== false) return node;
  const own = new Set(fact.inputs.map((input) => input.name));
  const defaults = widgetsOf(fact, node.values).flatMap((widget) =>
    own.has(widget.name) || widget.default === undefined ? [] : [[widget.name, widget.default]],
  );
  return { ...node, values: { ...Object.fromEntries(defaults), ...node.values } };
}
