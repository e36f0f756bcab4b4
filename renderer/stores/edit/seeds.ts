/** What seeds do around a run. Random ones change before it, so that what stands in the field is what ran. */
import type { DocumentGraph, DocumentNode, GraphDocument } from "#runtime/graph/document";
import { toBigInt } from "#runtime/graph/validate-value";
import type { NodeDescriptions } from "#runtime/protocol/node-description";
import { changeNodes } from "./nodes.ts";

export type SeedControl = NonNullable<DocumentNode["controls"]>[string];

const LARGEST = 2n ** 64n - 1n;

export function seedControl(node: DocumentNode, name: string): SeedControl {
  return node.controls?.[name] ?? "random";
}

export function setSeedControl(
  graph: DocumentGraph,
  id: string,
  name: string,
  control: SeedControl,
): DocumentGraph {
  return changeNodes(graph, [id], (node) => ({
    ...node,
    controls: { ...node.controls, [name]: control },
  }));
}

/** Seeds as documents write them: a number while it is exact, digits beyond. */
export const seedValue = (seed: bigint): number | string =>
  seed <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(seed) : seed.toString();

export function randomSeed(most: bigint = LARGEST): bigint {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return ((BigInt(high) << 32n) | BigInt(low)) % (most + 1n);
}

/** Seeds of 15 digits can be read and typed; larger ones are only ever given. */
export const readableSeed = (): bigint => randomSeed(999_999_999_999_999n);

/** The document whose seeds of these controls have moved on; unlinked ones only. */
export function moveSeeds(
  document: GraphDocument,
  descriptions: NodeDescriptions,
  controls: ReadonlySet<SeedControl>,
  random: () => bigint = readableSeed,
): GraphDocument {
  const move = <G extends DocumentGraph>(graph: G): G => {
    const linked = new Set(graph.links.map(({ to }) => `${to[0]} ${to[1]}`));
    const moved = changeNodes(graph, Object.keys(graph.nodes), (node, id) => {
      let values = node.values;
      for (const input of descriptions.get(node.type)?.inputs ?? []) {
        if (input.kind !== "seed" || linked.has(`${id} ${input.name}`)) continue;
        const control = seedControl(node, input.name);
        const seed = toBigInt(values[input.name] ?? input.default ?? 0);
        if (seed === null || !controls.has(control)) continue;
        const most = BigInt(input.max ?? LARGEST);
        const next =
          control === "random"
            ? random()
            : control === "increment"
              ? seed >= most
                ? 0n
                : seed + 1n
              : seed <= 0n
                ? most
                : seed - 1n;
        values = { ...values, [input.name]: seedValue(next) };
      }
      return values === node.values ? node : { ...node, values };
    });
    return moved as G;
  };
  const next = move(document);
  const subgraphs = Object.entries(document.subgraphs ?? {});
  const moved = subgraphs.map(([id, graph]) => [id, move(graph)] as const);
  if (moved.every(([, graph], i) => graph === subgraphs[i]![1])) return next;
  return { ...next, subgraphs: Object.fromEntries(moved) };
}
