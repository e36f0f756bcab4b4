/** One request -> the documents that it means: copies whose seeds move on, or one for each cell of a sweep. */
import { getRandomValues } from "node:crypto";
import { UmbelError } from "#runtime/errors";
import {
  SUBGRAPH_PREFIX,
  type DocumentGraph,
  type DocumentNode,
  type GraphDocument,
} from "#runtime/graph/document";
import { advanceSeeds } from "#runtime/graph/seed-controls";
import type { NodeDescriptions } from "#runtime/protocol/node-description";
import type { SweepAxis } from "#runtime/protocol/service-values";

export interface SeriesItem {
  readonly document: GraphDocument;
  /** Place in a sweep: index on each axis. */
  readonly cell: readonly number[] | null;
}

const MAX_JOBS = 1000;

/**
 * The first document is the one given; each further copy has moved its seeds on. A sweep keeps the seeds equal in all of
 * its cells, so that they differ in what is swept alone, and goes through the last axis first. Throws
 * ERR_INVALID_ARGUMENT for a node that is not there, and for more than 1000 jobs.
 */
export function jobSeries(
  document: GraphDocument,
  count: number,
  sweep: readonly SweepAxis[] | undefined,
  descriptions: NodeDescriptions,
  random: () => bigint = randomSeed,
): SeriesItem[] {
  const cells = sweep === undefined ? 1 : sweep.reduce((n, { values }) => n * values.length, 1);
  if (cells * count > MAX_JOBS) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected at most ${MAX_JOBS} jobs at once, got ${cells * count}. Take fewer values or copies.`,
    );
  }
  const items: SeriesItem[] = [];
  let current = document;
  for (let copy = 0; copy < count; copy++) {
    if (copy > 0) current = advanceSeeds(current, descriptions, random);
    if (sweep === undefined) items.push({ document: current, cell: null });
    else items.push(...cellsOf(current, sweep));
  }
  return items;
}

function cellsOf(document: GraphDocument, axes: readonly SweepAxis[]): SeriesItem[] {
  let items: { document: GraphDocument; cell: readonly number[] }[] = [{ document, cell: [] }];
  for (const { node, value: name, values } of axes) {
    items = items.flatMap((item) =>
      values.map((value, i) => ({
        document: withValue(item.document, node, name, value),
        cell: [...item.cell, i],
      })),
    );
  }
  return items;
}

/** Sets a parameter and cuts a link into it. Nodes inside of subgraphs go by their path, "outer:inner". */
function withValue(
  document: GraphDocument,
  node: string,
  name: string,
  value: number | string | boolean,
): GraphDocument {
  const path = Object.hasOwn(document.nodes, node) ? [node] : node.split(":");
  const id = path.at(-1) ?? node;
  let subgraph: string | null = null;
  let graph: DocumentGraph = document;
  for (const outer of path.slice(0, -1)) {
    subgraph = subgraphOf(graph.nodes[outer]);
    graph = (subgraph === null ? undefined : document.subgraphs?.[subgraph]) ?? unknownNode(node);
  }
  const target = graph.nodes[id] ?? unknownNode(node);
  const changed = {
    nodes: { ...graph.nodes, [id]: { ...target, values: { ...target.values, [name]: value } } },
    links: graph.links.filter(({ to }) => to[0] !== id || to[1] !== name),
  };
  const inner = subgraph === null ? undefined : document.subgraphs?.[subgraph];
  if (subgraph === null || inner === undefined) return { ...document, ...changed };
  return {
    ...document,
    subgraphs: { ...document.subgraphs, [subgraph]: { ...inner, ...changed } },
  };
}

function subgraphOf(node: DocumentNode | undefined): string | null {
  return node?.type.startsWith(SUBGRAPH_PREFIX) === true
    ? node.type.slice(SUBGRAPH_PREFIX.length)
    : null;
}

function unknownNode(node: string): never {
  throw new UmbelError("ERR_INVALID_ARGUMENT", `Expected a node of the graph, got "${node}".`);
}

function randomSeed(): bigint {
  return getRandomValues(new BigUint64Array(1))[0] ?? 0n;
}
