/** What seeds do after a document was queued: each holds its own control, "random" where none is set. */
import type { InputDescription, NodeDescriptions } from "#runtime/protocol/node-description";
import type { DocumentGraph, DocumentNode, GraphDocument } from "./document.ts";
import { toBigInt } from "./validate-value.ts";

export type SeedControl = NonNullable<DocumentNode["controls"]>[string];

const LARGEST = 2n ** 64n - 1n;

/** The document for the next run. @param random a whole number from 0 to 2^64 - 1 */
export function advanceSeeds(
  document: GraphDocument,
  descriptions: NodeDescriptions,
  random: () => bigint,
): GraphDocument {
  const advanced = { ...document, ...advanceGraph(document, descriptions, random) };
  if (document.subgraphs === undefined) return advanced;
  const subgraphs = Object.entries(document.subgraphs).map(([id, subgraph]) => [
    id,
    { ...subgraph, ...advanceGraph(subgraph, descriptions, random) },
  ]);
  return { ...advanced, subgraphs: Object.fromEntries(subgraphs) };
}

function advanceGraph(
  graph: DocumentGraph,
  descriptions: NodeDescriptions,
  random: () => bigint,
): { readonly nodes: DocumentGraph["nodes"] } {
  const linked = new Set(graph.links.map(({ to }) => to.join(" ")));
  const nodes = Object.entries(graph.nodes).map(([id, node]) => {
    const seeds = (descriptions.get(node.type)?.inputs ?? []).filter(
      ({ kind, name }) => kind === "seed" && !linked.has(`${id} ${name}`),
    );
    if (seeds.length === 0) return [id, node] as const;
    const values = { ...node.values };
    for (const seed of seeds) {
      const value = toBigInt(values[seed.name] ?? seed.default ?? 0);
      if (value === null) continue;
      const next = nextSeed(value, node.controls?.[seed.name] ?? "random", seed, random);
      values[seed.name] = Number.isSafeInteger(Number(next)) ? Number(next) : next.toString();
    }
    return [id, { ...node, values }] as const;
  });
  return { nodes: Object.fromEntries(nodes) };
}

function nextSeed(
  value: bigint,
  control: SeedControl,
  { min, max }: InputDescription,
  random: () => bigint,
): bigint {
  const low = BigInt(min ?? 0);
  const high = max === undefined ? LARGEST : BigInt(max);
  switch (control) {
    case "fixed":
      return value;
    case "increment":
      return value >= high ? low : value + 1n;
    case "decrement":
      return value <= low ? high : value - 1n;
    case "random":
      return low + (random() % (high - low + 1n));
  }
}
