/** A resolved graph in ComfyUI's API format: { id: { class_type, inputs: { name: value | [source id, slot] } } }. */
import type { Json } from "./json.ts";
import type { ResolvedGraph, ResolvedNode } from "./resolve.ts";
import { keptSockets } from "./virtual-nodes.ts";

interface PromptInput {
  readonly name: string;
  readonly default?: Json;
}

/** What has to be known of node classes; NodeDescriptions are that. */
export interface PromptFacts {
  get(type: string):
    | {
        readonly title: string;
        readonly inputs: readonly PromptInput[];
        readonly outputs: readonly { readonly name: string }[];
      }
    | undefined;
}

/** Changes a value on its way out; `node` is the one that has it. */
export type ValueWriter = (value: Json, name: string, node: ResolvedNode) => Json;

const asItIs: ValueWriter = (value) => value;

/**
 * Inputs of known classes that have neither a link nor a value get their default. A server takes any list of two for a
 * link, so lists are wrapped.
 */
export function toApiPrompt(
  graph: ResolvedGraph,
  facts: PromptFacts,
  write: ValueWriter = asItIs,
): { readonly [key: string]: Json } {
  const prompt = new Map<string, Json>();
  for (const node of graph.values()) {
    const fact = facts.get(node.type);
    const inputs = new Map<string, Json>();
    for (const input of fact?.inputs ?? []) {
      if (input.default === undefined || node.cut.includes(input.name)) continue;
      inputs.set(input.name, wrapped(write(input.default, input.name, node)));
    }
    for (const [name, value] of Object.entries(node.values))
      inputs.set(name, wrapped(write(value, name, node)));
    for (const [name, source] of Object.entries(node.inputs)) {
      const from = graph.get(source.node);
      if (from !== undefined) inputs.set(name, [source.node, slotOf(from, source.output, facts)]);
    }
    prompt.set(node.id, {
      class_type: node.type,
      inputs: Object.fromEntries(inputs),
      _meta: { title: node.title ?? fact?.title ?? node.type },
    });
  }
  return Object.fromEntries(prompt);
}

/** Of a class that is not known, what its file lists, or the number that the name ends with. */
function slotOf(node: ResolvedNode, output: string, facts: PromptFacts): number {
  const known = facts.get(node.type)?.outputs ?? [];
  for (const list of [known, keptSockets(node.origin, "outputs")]) {
    const slot = list.findIndex((socket) => socket.name === output);
    if (slot >= 0) return slot;
  }
  return Number(/(?:^|output )(\d{1,4})$/.exec(output)?.[1] ?? 0);
}

function wrapped(value: Json): Json {
  if (Array.isArray(value)) return { __value__: value };
  return value;
}
