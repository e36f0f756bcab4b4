/** One node as ComfyUI writes it: what its file had, with what the document says now. */
import { SUBGRAPH_PREFIX, type DocumentNode } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { idOf, listOf, objectOf, type JsonObject } from "./comfy-json.ts";
import { linkList, type ExportedLink } from "./export-links.ts";
import { derivedId, UNKNOWN } from "./import-node.ts";
import type { NodeFact } from "./node-facts.ts";
import { pointOf, samePoint } from "./shapes.ts";
import { fileOf, isCalled, type NodeSockets, type Socket } from "./sockets.ts";
import { writeWidgets } from "./write-widgets.ts";

export interface NodeSource {
  readonly fact: NodeFact | undefined;
  /** Id of the definition when the node stands for a subgraph; null when it goes out as it came. */
  readonly definition: string | null;
  readonly sockets: NodeSockets;
  /** How many of the inputs the file has; further ones are new. */
  readonly ownInputs: number;
  readonly incoming: readonly ExportedLink[];
  readonly outgoing: readonly ExportedLink[];
  /** Ids of links of the file that are gone or go elsewhere now. */
  readonly removed: ReadonlySet<string>;
}

const ORDER = [
  "id",
  "type",
  "pos",
  "size",
  "flags",
  "order",
  "mode",
  "inputs",
  "outputs",
  "title",
  "properties",
  "widgets_values",
  "color",
  "bgcolor",
];

export function comfyId(id: string, node: DocumentNode | undefined): Json {
  const given = objectOf(node?.["comfy"] as Json | undefined)["id"];
  return given === undefined ? derivedId(id) : given;
}

export function exportNode(
  id: string,
  node: DocumentNode,
  order: number,
  source: NodeSource,
): JsonObject {
  const isNew = node["comfy"] === undefined;
  const file = fileOf(node);
  const inputs = exportInputs(node, source);
  const outputs = exportOutputs(node, source);
  const promoted = promotedNames(node, file, source.sockets);
  const out: Record<string, Json> = {
    ...(isNew ? fresh(node, order, promoted) : file),
    ...(isWithoutId(node, source) ? {} : { id: comfyId(id, node) }),
    ...typeOf(node, file, source.definition),
    ...place(node, file),
    ...flags(node, file),
    ...(inputs === null ? {} : { inputs }),
    ...(outputs === null ? {} : { outputs }),
    ...(node.title === undefined ? {} : { title: node.title }),
    ...(node.color === undefined ? {} : { color: node.color }),
    ...writeWidgets(node, source.fact, promoted),
  };
  const state = file["mode"] === 2 ? "muted" : file["mode"] === 4 ? "bypassed" : undefined;
  if (node.state !== state)
    out["mode"] = node.state === "muted" ? 2 : node.state === "bypassed" ? 4 : 0;
  const keys = [...ORDER, ...Object.keys(out)].filter((key, i, all) => all.indexOf(key) === i);
  return Object.fromEntries(
    keys.flatMap((key): [string, Json][] => {
      const value = out[key];
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

/** A node that its file gave no id needs none until something is linked to it. */
function isWithoutId(node: DocumentNode, { incoming, outgoing }: NodeSource): boolean {
  const { noId } = objectOf(node["comfy"] as Json | undefined);
  return noId === true && incoming.length === 0 && outgoing.length === 0;
}

function typeOf(node: DocumentNode, file: JsonObject, definition: string | null): JsonObject {
  if (node.type.startsWith(SUBGRAPH_PREFIX)) {
    const id = node.type.slice(SUBGRAPH_PREFIX.length);
    return { type: definition ?? file["type"] ?? id };
  }
  const isKept = node.type === UNKNOWN && node["comfy"] !== undefined;
  return isKept ? {} : { type: node.type };
}

function fresh(
  node: DocumentNode,
  order: number,
  promoted: readonly (string | null)[],
): JsonObject {
  const properties: JsonObject = !node.type.startsWith(SUBGRAPH_PREFIX)
    ? { "Node name for S&R": node.type }
    : promoted.length === 0
      ? {}
      : { proxyWidgets: promoted.map((name) => ["-1", name]) };
  return { pos: [0, 0], size: [270, 120], flags: {}, order, mode: 0, properties };
}

/** Of a subgraph's node, the inputs whose values it holds, in the order of its list of values. */
function promotedNames(
  node: DocumentNode,
  file: JsonObject,
  { inputs }: NodeSockets,
): readonly (string | null)[] {
  if (!node.type.startsWith(SUBGRAPH_PREFIX)) return [];
  const proxies = objectOf(file["properties"])["proxyWidgets"];
  if (Array.isArray(proxies)) {
    return (proxies as readonly Json[]).map((entry) => {
      const [id, name] = listOf(entry);
      return idOf(id) === "-1" && typeof name === "string" ? name : null;
    });
  }
  const listed = listOf(file["inputs"]).map(objectOf);
  return inputs.flatMap(({ name }, i) =>
    listed[i]?.["widget"] !== undefined || (listed.length === 0 && Object.hasOwn(node.values, name))
      ? [name]
      : [],
  );
}

function place(node: DocumentNode, file: JsonObject): JsonObject {
  const out: Record<string, Json> = {};
  for (const [key, point] of [
    ["pos", node.at],
    ["size", node.size],
  ] as const) {
    if (point !== undefined && !samePoint(pointOf(file[key]), point)) out[key] = point;
  }
  return out;
}

function flags(node: DocumentNode, file: JsonObject): JsonObject {
  const before = objectOf(file["flags"]);
  const changed = (["collapsed", "pinned"] as const).filter(
    (key) => (before[key] === true) !== (node[key] === true),
  );
  if (changed.length === 0) return {};
  return {
    flags: { ...before, ...Object.fromEntries(changed.map((key) => [key, node[key] === true])) },
  };
}

function exportInputs(node: DocumentNode, source: NodeSource): Json | null {
  const { sockets, incoming, removed, fact } = source;
  const given = listOf(fileOf(node)["inputs"]);
  const isNew = node["comfy"] === undefined;
  const count = Math.max(given.length, sockets.inputs.length);
  const entries = Array.from({ length: count }, (_, i): Json[] => {
    const socket = sockets.inputs[i];
    if (socket === undefined) return [given[i] ?? null];
    const into = incoming.find(({ link }) => link.to[1] === socket.name);
    const entry = given[i];
    if (i >= source.ownInputs || entry === undefined) {
      const isLinked = into !== undefined && !into.isUnchanged;
      return isNew || isLinked ? [newInput(socket, into?.id ?? null, fact, node)] : [];
    }
    const before = objectOf(entry);
    const link = idOf(before["link"]);
    if (into !== undefined) {
      return [into.isUnchanged || link === idOf(into.id) ? entry : { ...before, link: into.id }];
    }
    const isGone = link !== null && removed.has(link);
    return [isGone ? { ...before, link: null } : entry];
  }).flat();
  return entries.length === 0 && !isNew ? null : entries;
}

function newInput(
  { name, type }: Socket,
  link: Json,
  fact: NodeFact | undefined,
  node: DocumentNode,
): JsonObject {
  const input = fact?.inputs.find((candidate) => candidate.name === name);
  const isWidget = input?.widget !== undefined || Object.hasOwn(node.values, name);
  return {
    name: node.type === "Reroute" ? "" : name,
    type,
    ...(input?.optional === true && !isWidget ? { shape: 7 } : {}),
    ...(isWidget ? { widget: { name } } : {}),
    link,
  };
}

function exportOutputs(node: DocumentNode, source: NodeSource): Json | null {
  const { sockets, outgoing, removed } = source;
  const given = listOf(fileOf(node)["outputs"]);
  const used = sockets.outputs.map((socket) =>
    outgoing.filter(({ link }) => isCalled(socket, link.from[1])),
  );
  const isNew = node["comfy"] === undefined;
  // A file may list fewer outputs than the class has; those that are linked are added.
  const count = isNew
    ? sockets.outputs.length
    : Math.max(given.length, used.findLastIndex((links) => links.some((l) => !l.isUnchanged)) + 1);
  if (count === 0) return isNew ? [] : null;
  return Array.from({ length: count }, (_, i): Json => {
    const entry = given[i];
    const socket = sockets.outputs[i];
    if (socket === undefined) return entry ?? null;
    const links = used[i] ?? [];
    if (entry === undefined) {
      const ids = links.map((link) => link.id);
      const name = node.type === "Reroute" ? "" : socket.name;
      return { name, type: socket.type, links: ids.length === 0 ? null : ids };
    }
    const before = objectOf(entry)["links"];
    const list = linkList(before, links, removed);
    return list === before || list === undefined ? entry : { ...objectOf(entry), links: list };
  });
}
