/** A document in ComfyUI's graph format. A file that came in and was not touched goes out equal. */
import type { GraphDocument, Subgraph } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { linkList, type ExportedLink } from "./export-links.ts";
import { readBoundaries } from "./boundaries.ts";
import { listOf, objectOf, type JsonObject } from "./comfy-json.ts";
import { exportLevel, type ExportContext, type ExportedLevel } from "./export-level.ts";
import { fingerprint } from "./fingerprint.ts";
import { viewOf } from "./import-graph.ts";
import type { NodeFacts } from "./node-facts.ts";
import { typeName } from "./object-info.ts";
import { fileOf } from "./sockets.ts";

const VERSION = 0.4;

/** Integers beyond 2^53 are carried: see formatComfyJson. */
export function exportGraph(document: GraphDocument, facts: NodeFacts): JsonObject {
  const subgraphs = Object.entries(document.subgraphs ?? {});
  const definitions = new Map(
    subgraphs.flatMap(([id, subgraph]) =>
      isUntouchedGroup(subgraph) ? [] : [[id, definitionId(id, subgraph)] as const],
    ),
  );
  const context: ExportContext = {
    facts,
    boundaries: Object.fromEntries(subgraphs),
    definitions,
  };
  const root = exportLevel(document, null, context);
  const written = new Map(
    subgraphs.flatMap(([id, subgraph]) => {
      const definition = definitions.get(id);
      return definition === undefined
        ? []
        : [[id, exportDefinition(definition, subgraph, context)] as const];
    }),
  );
  const isNew = document["comfy"] === undefined;
  return {
    ...(isNew ? { id: document.id ?? uuid("graph"), revision: 0 } : {}),
    ...counters(root, isNew),
    ...withDefinitions(root.file, written),
    ...(document.id === undefined || document.id === root.file["id"] ? {} : { id: document.id }),
    ...extraOf(document, root.file),
    ...(isNew ? { config: {}, version: VERSION } : {}),
    ...(isNew ? {} : raised(root)),
  };
}

function counters(root: ExportedLevel, isNew: boolean): JsonObject {
  return isNew ? { last_node_id: root.lastNode, last_link_id: root.lastLink } : {};
}

/** Counters of the file, where the document has more now. */
function raised({ file, lastNode, lastLink }: ExportedLevel): JsonObject {
  const raise = (value: Json | undefined, least: number): Json | undefined =>
    typeof value === "number" && least > 0 && value < least ? least : value;
  const out: Record<string, Json> = {};
  const state = objectOf(file["state"]);
  const entries = [
    ["last_node_id", "lastNodeId", lastNode],
    ["last_link_id", "lastLinkId", lastLink],
  ] as const;
  for (const [old, current, least] of entries) {
    const top = raise(file[old], least);
    if (top !== file[old] && top !== undefined) out[old] = top;
    const inner = raise(state[current], least);
    if (inner !== state[current] && inner !== undefined)
      out["state"] = { ...state, ...objectOf(out["state"]), [current]: inner };
  }
  return out;
}

function withDefinitions(file: JsonObject, written: ReadonlyMap<string, JsonObject>): JsonObject {
  const definitions = objectOf(file["definitions"]);
  const listed = listOf(definitions["subgraphs"]);
  const known = new Set(listed.filter((entry) => typeof entry === "string"));
  const subgraphs = [
    ...listed.map((entry) => (typeof entry === "string" ? (written.get(entry) ?? entry) : entry)),
    ...[...written].flatMap(([id, definition]) => (known.has(id) ? [] : [definition])),
  ];
  if (subgraphs.length === 0 && !Array.isArray(definitions["subgraphs"])) return file;
  return { ...file, definitions: { ...definitions, subgraphs } };
}

function extraOf({ view, comfy }: GraphDocument, file: JsonObject): JsonObject {
  const extra = objectOf(file["extra"]);
  const before = objectOf(viewOf(file)["view"]);
  const isSame =
    view === undefined ||
    (before["zoom"] === view.zoom && JSON.stringify(before["at"]) === JSON.stringify(view.at));
  if (isSame) return comfy === undefined ? { extra } : {};
  const ds = { ...objectOf(extra["ds"]), scale: view.zoom, offset: view.at };
  return { extra: { ...extra, ds } };
}

/** A group node's subgraph that is still what the file's group is. */
function isUntouchedGroup(subgraph: Subgraph): boolean {
  const { group, ...comfy } = objectOf(subgraph["comfy"] as Json | undefined);
  return group !== undefined && fingerprint({ ...subgraph, comfy } as unknown as Json) === group;
}

/** Definitions of ComfyUI have UUIDs. */
function definitionId(id: string, subgraph: Subgraph): string {
  const isRead =
    subgraph["comfy"] !== undefined && !("group" in objectOf(subgraph["comfy"] as Json));
  return isRead ? id : uuid(id);
}

function uuid(text: string): string {
  const digits = fingerprint(text) + fingerprint(`${text} `);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}

function exportDefinition(id: string, subgraph: Subgraph, context: ExportContext): JsonObject {
  const level = exportLevel(subgraph, subgraph, context);
  const isNew = !("version" in fileOf(subgraph));
  const started = (name: string) =>
    level.links.filter(({ link }) => link.from[0] === "$in" && link.from[1] === name);
  const ended = (name: string) =>
    level.links.filter(({ link }) => link.to[0] === "$out" && link.to[1] === name);
  const absent = listOf(objectOf(subgraph["comfy"] as Json | undefined)["absent"]);
  const shown = (key: string, list: readonly Json[]): JsonObject =>
    list.length === 0 && absent.includes(key) ? {} : { [key]: list };
  const { removed } = level;
  return {
    id,
    ...(isNew && subgraph["comfy"] === undefined ? newDefinition(level) : {}),
    ...level.file,
    ...(subgraph.title === "" && "name" in level.file ? {} : { name: subgraph.title }),
    ...shown("inputs", exportBoundaries(id, "in", subgraph.inputs, started, removed)),
    ...shown("outputs", exportBoundaries(id, "out", subgraph.outputs, ended, removed)),
    ...raised(level),
  };
}

function newDefinition({ lastNode, lastLink }: ExportedLevel): JsonObject {
  return {
    version: 1,
    state: { lastGroupId: 0, lastNodeId: lastNode, lastLinkId: lastLink, lastRerouteId: 0 },
    revision: 0,
    config: {},
    inputNode: { id: -10, bounding: [-200, 0, 120, 80] },
    outputNode: { id: -20, bounding: [1000, 0, 120, 80] },
    widgets: [],
    extra: {},
  };
}

function exportBoundaries(
  id: string,
  side: string,
  boundaries: Subgraph["inputs"],
  linked: (name: string) => readonly ExportedLink[],
  removed: ReadonlySet<string>,
): JsonObject[] {
  const before = boundaries.map((boundary) => objectOf(boundary["comfy"] as Json | undefined));
  const names = readBoundaries(before).map((boundary) => boundary.name);
  return boundaries.map(({ name, type, label }, i) => {
    const file = before[i] ?? {};
    const isNew = file["name"] === undefined && file["id"] === undefined;
    const links = linkList(file["linkIds"], linked(name), removed);
    return {
      ...(isNew ? { id: uuid(`${id} ${side} ${name}`) } : {}),
      ...file,
      ...(names[i] === name && !isNew ? {} : { name }),
      ...(typeName(file["type"]) === type && !isNew ? {} : { type }),
      ...(label === undefined ? {} : { label }),
      ...(links === undefined ? (isNew ? { linkIds: [] } : {}) : { linkIds: links }),
    };
  });
}
