/** A resolved graph in ComfyUI's API format: { id: { class_type, inputs: { name: value | [source id, slot] } } }. */
import type { NodeDescriptions } from "#runtime/protocol/node-description";
import type { Json } from "./json.ts";
import type { ResolvedGraph } from "./resolve.ts";

export function toApiPrompt(graph: ResolvedGraph, descriptions: NodeDescriptions): Json {
  const prompt: Record<string, Json> = {};
  for (const node of graph.values()) {
    const inputs: Record<string, Json> = {};
    for (const input of descriptions.get(node.type)?.inputs ?? []) {
      if (input.default !== undefined) inputs[input.name] = wrapped(input.default);
    }
    for (const [name, value] of Object.entries(node.values)) inputs[name] = wrapped(value);
    for (const [name, source] of Object.entries(node.inputs)) {
      const outputs = descriptions.get(graph.get(source.node)?.type ?? "")?.outputs ?? [];
      inputs[name] = [
        source.node,
        Math.max(
          0,
          outputs.findIndex((o) => o.name === source.output),
        ),
      ];
    }
    prompt[node.id] = { class_type: node.type, inputs, _meta: { title: node.title ?? node.type } };
  }
  return prompt;
}

/** A server takes any list of two for a link, so lists are wrapped. */
function wrapped(value: Json): Json {
  return Array.isArray(value) ? { __value__: value } : value;
}
