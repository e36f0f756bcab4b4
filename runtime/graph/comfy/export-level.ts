/** One graph of a document as ComfyUI writes it: nodes, links, groups and the counters that follow from them. */
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  SUBGRAPH_PREFIX,
  type DocumentGraph,
  type DocumentNode,
  type Subgraph,
} from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { isObject } from "#runtime/graph/json";
import { idOf, listOf, objectOf, type JsonObject } from "./comfy-json.ts";
import { boundaryId, exportLinks, withLost, type ExportedLink } from "./export-links.ts";
import { comfyId, exportNode } from "./export-node.ts";
import { exportReroutes } from "./export-reroutes.ts";
import type { NodeFacts } from "./node-facts.ts";
import { socketsOf, type Boundaries, type NodeSockets } from "./sockets.ts";

export interface ExportContext {
  readonly facts: NodeFacts;
  readonly boundaries: Boundaries;
  /** Ids of definitions by ids of subgraphs; absent: its node goes out as it came. */
  readonly definitions: ReadonlyMap<string, string>;
}

export interface ExportedLevel {
  /** All keys of the graph. */
  readonly file: JsonObject;
  readonly links: readonly ExportedLink[];
  /** Ids of links of the file that are gone or go elsewhere now. */
  readonly removed: ReadonlySet<string>;
  /** Largest number among new nodes and new links; 0 without any. */
  readonly lastNode: number;
  readonly lastLink: number;
}

export function exportLevel(
  graph: DocumentGraph & { readonly comfy?: unknown },
  own: Pick<Subgraph, "inputs" | "outputs"> | null,
  context: ExportContext,
): ExportedLevel {
  const kept = objectOf(graph.comfy as Json | undefined);
  const file = objectOf(kept["file"]);
  const ids = orderedIds(graph, kept);
  const known = knownSockets(graph, own, context);
  const asObjects = own !== null || file["version"] === 1 || hasObjects(graph);
  const { links, lastId } = exportLinks({
    graph,
    kept,
    asObjects,
    idOf: (node) => boundaryId(node) ?? comfyId(node, graph.nodes[node]),
    sockets: (node) => known.get(node)?.all ?? NO_SOCKETS,
  });
  const unchanged = new Set(links.filter((link) => link.isUnchanged).map(({ id }) => idOf(id)));
  const removed = new Set(
    listOf(kept["links"]).flatMap((id) => {
      const name = idOf(id);
      return name === null || unchanged.has(name) ? [] : [name];
    }),
  );
  const nodes = ids.map((id, order) => {
    const node = graph.nodes[id] as DocumentNode;
    const sockets = known.get(id);
    const subgraph = node.type.startsWith(SUBGRAPH_PREFIX)
      ? context.definitions.get(node.type.slice(SUBGRAPH_PREFIX.length))
      : undefined;
    return exportNode(id, node, order, {
      fact: context.facts.get(node.type),
      definition: subgraph ?? null,
      sockets: sockets?.all ?? NO_SOCKETS,
      ownInputs: sockets?.own ?? 0,
      incoming: links.filter(({ link }) => link.to[0] === id),
      outgoing: links.filter(({ link }) => link.from[0] === id),
      removed,
    });
  });
  const reroutes = exportReroutes(links, file, asObjects);
  const groups = (graph.groups ?? []).map(exportGroup);
  const absent = listOf(kept["absent"]);
  const entries = withLost(reroutes.entries, listOf(kept["lost"]));
  const shown = (key: string, list: readonly Json[]): JsonObject =>
    list.length === 0 && absent.includes(key) ? {} : { [key]: list };
  return {
    file: {
      ...file,
      ...reroutes.file,
      ...shown("nodes", withLost(nodes, listOf(kept["lostNodes"]))),
      ...shown("links", entries),
      ...shown("groups", withLost(groups, listOf(kept["lostGroups"]))),
    },
    links,
    removed,
    lastNode: Math.max(
      0,
      ...ids
        .filter((id) => graph.nodes[id]?.["comfy"] === undefined)
        .map((id) => Number(comfyId(id, graph.nodes[id])))
        .filter(Number.isSafeInteger),
    ),
    lastLink: lastId,
  };
}

const NO_SOCKETS: NodeSockets = { inputs: [], outputs: [] };

function orderedIds(graph: DocumentGraph, kept: JsonObject): string[] {
  const listed = listOf(kept["order"]).filter(
    (id): id is string => typeof id === "string" && Object.hasOwn(graph.nodes, id),
  );
  return [...new Set([...listed, ...Object.keys(graph.nodes)])];
}

function hasObjects(graph: DocumentGraph): boolean {
  return graph.links.some((link) => isObject(link["comfy"] as Json | undefined));
}

/** Sockets of every node, with those added that only links know of, and how many were there before. */
function knownSockets(
  graph: DocumentGraph,
  own: Pick<Subgraph, "inputs" | "outputs"> | null,
  { facts, boundaries }: ExportContext,
): ReadonlyMap<string, { readonly all: NodeSockets; readonly own: number }> {
  const added = new Map<string, Set<string>>();
  for (const { to } of graph.links) {
    const names = added.get(to[0]) ?? new Set<string>();
    added.set(to[0], names.add(to[1]));
  }
  const known = new Map<string, { all: NodeSockets; own: number }>();
  for (const [id, node] of Object.entries(graph.nodes)) {
    const sockets = socketsOf(node, facts, boundaries);
    const names = new Set(sockets.inputs.map((input) => input.name));
    const missing = [...(added.get(id) ?? [])].filter((name) => !names.has(name));
    const inputs = facts.get(node.type)?.inputs ?? [];
    const more = missing.map((name) => ({
      name,
      type: inputs.find((input) => input.name === name)?.type ?? "*",
    }));
    known.set(id, {
      all: { ...sockets, inputs: [...sockets.inputs, ...more] },
      own: sockets.inputs.length,
    });
  }
  known.set(BOUNDARY_IN, { all: { inputs: [], outputs: own?.inputs ?? [] }, own: 0 });
  known.set(BOUNDARY_OUT, { all: { inputs: own?.outputs ?? [], outputs: [] }, own: 0 });
  return known;
}

function exportGroup(group: NonNullable<DocumentGraph["groups"]>[number]): Json {
  const file = objectOf(objectOf(group["comfy"] as Json | undefined)["file"]);
  const bounding = [...group.at, ...group.size];
  const before = listOf(file["bounding"]).slice(0, 4);
  const isSame = bounding.every(
    (value, i) => value === (typeof before[i] === "number" ? before[i] : 0),
  );
  return {
    ...(group["comfy"] === undefined ? { font_size: 24, flags: {} } : file),
    ...(group.title === (typeof file["title"] === "string" ? file["title"] : "") && "title" in file
      ? {}
      : group["comfy"] !== undefined && group.title === ""
        ? {}
        : { title: group.title }),
    ...(isSame && group["comfy"] !== undefined ? {} : { bounding }),
    ...(group.color === undefined ? {} : { color: group.color }),
  };
}
