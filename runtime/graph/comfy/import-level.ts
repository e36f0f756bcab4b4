/** One graph of a file: the root or a subgraph's definition. */
import { type DocumentGraph, type DocumentNode, type Subgraph } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { readBoundaries } from "./boundaries.ts";
import { idOf, isJsonObject, listOf, objectOf, record, type JsonObject } from "./comfy-json.ts";
import { reporter, type ImportContext } from "./context.ts";
import { importLinks } from "./import-links.ts";
import { importNode, nodeIds } from "./import-node.ts";
import { readReroutes } from "./reroutes.ts";
import { socketsOf, type Boundaries } from "./sockets.ts";

export interface ImportedLevel {
  readonly graph: DocumentGraph;
  /** Goes under the graph's `comfy`. */
  readonly comfy: JsonObject;
}

const SAID = new Set(["nodes", "links", "groups"]);

export function importLevel(
  raw: JsonObject,
  path: string,
  boundaries: Boundaries,
  own: Pick<Subgraph, "inputs" | "outputs"> | null,
  context: ImportContext,
): ImportedLevel {
  const entries = listOf(raw["nodes"]);
  const rawNodes = entries.filter(isJsonObject);
  const ids = nodeIds(rawNodes, (node, reason) =>
    reporter(context, path + node)("warning", reason),
  );
  if (rawNodes.length < entries.length)
    reporter(context, null)(
      "warning",
      `Left out ${entries.length - rawNodes.length} node(s) that are no objects.`,
    );
  const nodes = record<DocumentNode>();
  rawNodes.forEach((node, i) => {
    const imported = importNode(node, ids[i] ?? "", path, context);
    nodes[imported.id] = imported.node;
  });
  const all = { ...boundaries, ...context.subgraphs };
  const links = importLinks(listOf(raw["links"]), {
    nodes,
    ids: new Map(
      rawNodes.map((node, i) => [idOf(node["id"]) ?? "", ids[i] ?? ""]).toReversed() as [
        string,
        string,
      ][],
    ),
    sockets: (node) => socketsOf(node, context.facts, all),
    own,
    reroutes: readReroutes(raw),
    report: (node, severity, reason) =>
      reporter(context, node === null ? null : path + node)(severity, reason),
  });
  const groups = listOf(raw["groups"]).filter(isJsonObject).map(importGroup);
  const natural = Object.keys(nodes);
  return {
    graph: { nodes, links: [...links.links], ...(groups.length === 0 ? {} : { groups }) },
    comfy: {
      ...(ids.every((id, i) => natural[i] === id) ? {} : { order: ids }),
      ...(links.imported.length === 0 ? {} : { links: links.imported }),
      ...absentKeys(raw, SAID),
      ...strangers("lostNodes", entries),
      ...strangers("lostGroups", listOf(raw["groups"])),
      ...(links.lost.length === 0 ? {} : { lost: links.lost as unknown as Json }),
      file: Object.fromEntries(
        Object.entries(raw).filter(([key, value]) => !SAID.has(key) || !Array.isArray(value)),
      ),
    },
  };
}

/** Lists that the file has not: they stay away as long as they are empty. */
function absentKeys(raw: JsonObject, keys: Iterable<string>): JsonObject {
  const absent = [...keys].filter((key) => !Array.isArray(raw[key]));
  return absent.length === 0 ? {} : { absent };
}

/** Entries of a list that are no objects, with their index. */
function strangers(key: string, list: readonly Json[]): JsonObject {
  const lost = list.flatMap((entry, i) => (isJsonObject(entry) ? [] : [[i, entry] as Json]));
  return lost.length === 0 ? {} : { [key]: lost };
}

function importGroup(raw: JsonObject): NonNullable<DocumentGraph["groups"]>[number] {
  const [x, y, width, height] = listOf(raw["bounding"]);
  const number = (value: Json | undefined): number => (typeof value === "number" ? value : 0);
  const { title, color } = raw;
  return {
    title: typeof title === "string" ? title : "",
    at: [number(x), number(y)],
    size: [number(width), number(height)],
    ...(typeof color === "string" ? { color } : {}),
    comfy: { file: raw },
  };
}

/** A subgraph's definition. */
export function importDefinition(
  id: string,
  raw: JsonObject,
  boundaries: Boundaries,
  context: ImportContext,
): Subgraph {
  const inputs = readBoundaries(raw["inputs"]);
  const outputs = readBoundaries(raw["outputs"]);
  const { graph, comfy } = importLevel(raw, `${id}:`, boundaries, { inputs, outputs }, context);
  const { name } = raw;
  const { file, ...rest } = comfy;
  const kept = Object.entries(objectOf(file)).filter(
    ([key, value]) =>
      !((key === "inputs" || key === "outputs") && Array.isArray(value)) &&
      !(key === "name" && typeof value === "string") &&
      key !== "id",
  );
  return {
    title: typeof name === "string" ? name : "",
    inputs,
    outputs,
    ...graph,
    comfy: {
      ...rest,
      ...absentKeys(raw, [...SAID, "inputs", "outputs"]),
      file: Object.fromEntries(kept),
    },
  };
}
