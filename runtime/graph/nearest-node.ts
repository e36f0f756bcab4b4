/** For a node whose class is not known: the class here that could stand in for it, by what flows through it and by name. */
import type { NodeDescription, NodeDescriptions } from "#runtime/protocol/node-description";
import type { ResolvedGraph, ResolvedNode } from "./resolve.ts";
import { isWildcard, socketsMatch } from "./sockets.ts";
import { keptSockets } from "./virtual-nodes.ts";

/** What is known of such a node: types of its sockets, and which of them are linked. */
interface Shape {
  readonly inputs: readonly string[];
  readonly linkedInputs: readonly string[];
  readonly outputs: readonly string[];
  readonly linkedOutputs: readonly string[];
  readonly names: readonly string[];
}

const LEAST = 0.5;
const LEAST_NAME = 0.3;

/** Null when nothing gives what the graph takes from it, or nothing is called at all alike. */
export function nearestNode(
  node: ResolvedNode,
  graph: ResolvedGraph,
  descriptions: NodeDescriptions,
): NodeDescription | null {
  const shape = shapeOf(node, graph, descriptions);
  let best: NodeDescription | null = null;
  let most = LEAST;
  for (const candidate of descriptions.values()) {
    if (candidate.searchAliases.includes(node.type) && gives(candidate, shape)) return candidate;
    const score = scoreOf(node.type, shape, candidate);
    if (score > most) [most, best] = [score, candidate];
  }
  return best;
}

function scoreOf(type: string, shape: Shape, candidate: NodeDescription): number {
  if (!gives(candidate, shape) || !takes(candidate, shape)) return 0;
  const name = Math.max(
    ...[candidate.type, candidate.title, ...candidate.searchAliases].map((known) =>
      alike(wordsOf(type), wordsOf(known)),
    ),
  );
  if (name < LEAST_NAME) return 0;
  const sockets = candidate.inputs.filter(({ kind }) => kind === "socket");
  const inputs = alike(
    shape.inputs,
    sockets.map((input) => input.type),
  );
  const outputs = alike(
    shape.outputs,
    candidate.outputs.map((output) => output.type),
  );
  const values = alike(
    shape.names,
    candidate.inputs.flatMap(({ kind, name: own }) => (kind === "socket" ? [] : [own])),
  );
  return 0.5 * name + 0.2 * inputs + 0.2 * outputs + 0.1 * values;
}

/** It has an output for each type that the graph takes from the node, or else for one that the node has. */
function gives({ outputs }: NodeDescription, shape: Shape): boolean {
  const has = (type: string): boolean => outputs.some((output) => socketsMatch(output.type, type));
  if (shape.linkedOutputs.length > 0) return shape.linkedOutputs.every(has);
  return shape.outputs.length === 0 || shape.outputs.some(has);
}

/** It can take what flows into the node. */
function takes({ inputs }: NodeDescription, { linkedInputs }: Shape): boolean {
  return linkedInputs.every((type) => inputs.some((input) => socketsMatch(type, input.type)));
}

function shapeOf(node: ResolvedNode, graph: ResolvedGraph, descriptions: NodeDescriptions): Shape {
  const inputs = keptSockets(node.origin, "inputs");
  const outputs = keptSockets(node.origin, "outputs");
  const linkedInputs = Object.entries(node.inputs).map(([name, source]) => {
    const from = descriptions.get(graph.get(source.node)?.type ?? "");
    const type = from?.outputs.find((output) => output.name === source.output)?.type;
    return type ?? inputs.find((input) => input.name === name)?.type ?? "*";
  });
  const linkedOutputs = [...graph.values()].flatMap((consumer) =>
    Object.entries(consumer.inputs).flatMap(([name, source]) => {
      if (source.node !== node.id) return [];
      const input = descriptions.get(consumer.type)?.inputs.find((known) => known.name === name);
      return [input?.type ?? outputs.find((own) => own.name === source.output)?.type ?? "*"];
    }),
  );
  const typed = (types: readonly string[]): string[] => types.filter((type) => !isWildcard(type));
  const widgets = new Set(Object.keys(node.values));
  const sockets = inputs.filter(({ name }) => !widgets.has(name)).map(({ type }) => type);
  return {
    inputs: typed(inputs.length > 0 ? sockets : linkedInputs),
    linkedInputs: typed(linkedInputs),
    outputs: typed(outputs.length > 0 ? outputs.map(({ type }) => type) : linkedOutputs),
    linkedOutputs: typed(linkedOutputs),
    names: [...widgets],
  };
}

/** Words that packs put before their names, and that say nothing. */
const FILLERS: ReadonlySet<string> = new Set(["node", "simple", "custom", "comfy", "comfyui"]);

/** "UnetLoaderGGUF" -> unet, loader, gguf. */
function wordsOf(name: string): string[] {
  return name
    .replaceAll(/([a-z\d])([A-Z])/g, "$1 $2")
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== "" && !FILLERS.has(word));
}

/** Share of what two lists have in common (Dice); two empty lists are alike. */
function alike(a: readonly string[], b: readonly string[]): number {
  if (a.length + b.length === 0) return 1;
  const rest = [...b];
  let common = 0;
  for (const item of a) {
    const place = rest.indexOf(item);
    if (place < 0) continue;
    rest.splice(place, 1);
    common++;
  }
  return (2 * common) / (a.length + b.length);
}
