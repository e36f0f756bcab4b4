/** What a subgraph's node holds for widgets inside, in the three ways in which files have it. */
import type { Json } from "#runtime/graph/json";
import type { JsonObject } from "#runtime/graph/comfy/comfy-json";
import type { Random } from "../../scripts/fuzz/random.ts";
import type { Level, Node } from "./abstract-graph.ts";

export function instanceValues(node: Node, properties: JsonObject, random: Random): JsonObject {
  const inputs = (node.definition?.inputs ?? []).filter(({ isWidget }) => isWidget);
  const held = (name: string): Json => node.values.get(name) ?? null;
  const way = random.below(4);
  if (node.values.size === 0 && random.chance(0.5))
    return random.pick([{}, { widgets_values: [] }, { widgets_values: null }]);
  if (way < 2) {
    const proxies: Json[] = [];
    const values: Json[] = [];
    for (const { name } of inputs) {
      if (random.chance(0.4)) {
        const inner = node.definition?.nodes[0]?.id ?? 1;
        proxies.push([String(inner), random.pick(["seed", "text", "control_after_generate"])]);
        values.push(random.pick([null, 5, "shown"]));
      }
      proxies.push(["-1", name]);
      values.push(held(name));
    }
    return { properties: { ...properties, proxyWidgets: proxies }, widgets_values: values };
  }
  // The first versions: a value for each input; later ones: controls too.
  const hasControls = way === 3;
  const values = inputs.flatMap(({ name }): Json[] => {
    const isSeed = hasControls && node.definition !== null && leadsToSeed(node.definition, name);
    return [held(name), ...(isSeed ? ["randomize"] : [])];
  });
  return { widgets_values: values };
}

/** Whether the first widget behind an input is a seed. */
function leadsToSeed(level: Level, boundary: string): boolean {
  const slot = level.inputs.findIndex(({ name }) => name === boundary);
  for (const node of level.nodes) {
    for (const [name, ref] of inFileOrder(node)) {
      if (ref.node !== null || ref.slot !== slot) continue;
      if (node.definition !== null) return leadsToSeed(node.definition, name);
      const input = node.inputs.find((candidate) => candidate.name === name);
      return (input?.controls ?? 0) > 0;
    }
  }
  return false;
}

/** Sockets first, as links are numbered. */
function inFileOrder(node: Node) {
  const order = (name: string): number => {
    const at = node.inputs.findIndex((input) => input.name === name);
    const isWidget = node.kind === "real" && node.inputs[at]?.fallback !== undefined;
    return at + (isWidget ? 1000 : 0);
  };
  return [...node.links].toSorted(([a], [b]) => order(a) - order(b));
}
