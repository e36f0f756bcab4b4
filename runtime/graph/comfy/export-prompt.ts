/** A document in ComfyUI's API format. */
import type { GraphDocument } from "#runtime/graph/document";
import { toApiPrompt } from "#runtime/graph/api-prompt";
import type { Json } from "#runtime/graph/json";
import {
  bySlot,
  resolveGraph,
  type ResolvedGraph,
  type ResolvedNode,
} from "#runtime/graph/resolve";
import { listOf, objectOf, type JsonObject } from "./comfy-json.ts";
import { dynamicPrompt } from "./dynamic-prompts.ts";
import { hasTemplate, templateFiller } from "./filename-templates.ts";
import { nameValues } from "./name-values.ts";
import { widgetsOf, type NodeFacts } from "./node-facts.ts";
import { comfyValue } from "./write-widgets.ts";

/** What ComfyUI's editor decides when it sends a graph. */
export interface Deciding {
  /** Between the options of dynamic prompts: an index below `count`. */
  readonly choose: (count: number) => number;
  /** For dates in the names of files. */
  readonly now: Date;
}

/**
 * By the rules of ComfyUI's graphToPrompt. Without `deciding`, dynamic prompts and the templates in names of files stay
 * as they are. Integers beyond 2^53 are carried: see formatComfyJson. Throws ERR_DOCUMENT.
 */
export function exportPrompt(
  document: GraphDocument,
  facts: NodeFacts,
  deciding?: Deciding,
): JsonObject {
  const named = nameValues(document, facts);
  const graph = resolveGraph(named, {
    inputs: (type) => bySlot(facts.get(type)?.inputs ?? [], ({ widget }) => widget !== undefined),
    outputs: (type) => facts.get(type)?.outputs ?? [],
  });
  if (deciding === undefined) return writePrompt(graph, facts);
  const fill = templateFiller(named, facts, deciding.now);
  return writePrompt(graph, facts, (text, name, node) => {
    if (hasTemplate(node.type, name)) return fill(text);
    const widget = facts.get(node.type)?.inputs.find((input) => input.name === name)?.widget;
    return widget?.dynamicPrompts === true ? dynamicPrompt(text, deciding.choose) : text;
  });
}

/** As `exportPrompt`, of a graph that is resolved; `decide` changes its texts. */
export function writePrompt(
  graph: ResolvedGraph,
  facts: NodeFacts,
  decide: (text: string, name: string, node: ResolvedNode) => string = (text) => text,
): JsonObject {
  const complete = new Map([...graph].map(([id, node]) => [id, withVariants(node, facts)]));
  return toApiPrompt(complete, facts, (value, name, node) => {
    const fact = facts.get(node.type);
    const kept = objectOf(node.origin["comfy"] as Json | undefined);
    const written = comfyValue(value, name, fact, listOf(kept["integers"]));
    return typeof written === "string" ? decide(written, name, node) : written;
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
