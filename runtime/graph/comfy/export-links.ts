/** Links of one graph as ComfyUI writes them: those that did not change go out as they came. */
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  type DocumentGraph,
  type DocumentLink,
} from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { INPUT_NODE, OUTPUT_NODE } from "./boundaries.ts";
import { idOf, isJsonObject, listOf, objectOf, type JsonObject } from "./comfy-json.ts";
import { readLink, type RawLink } from "./import-links.ts";
import { isCalled, type NodeSockets } from "./sockets.ts";

export interface LinkSource {
  readonly graph: DocumentGraph;
  readonly kept: JsonObject;
  /** Links as objects instead of tuples. */
  readonly asObjects: boolean;
  readonly idOf: (node: string) => Json;
  /** With the inputs that links lead to added at the end; boundary nodes have theirs too. */
  readonly sockets: (node: string) => NodeSockets;
}

export interface ExportedLink {
  readonly id: Json;
  readonly link: DocumentLink;
  readonly isUnchanged: boolean;
  readonly entry: Json;
}

export interface ExportedLinks {
  readonly links: readonly ExportedLink[];
  /** Largest of the new numbers; 0 without any. */
  readonly lastId: number;
}

export function exportLinks(source: LinkSource): ExportedLinks {
  const taken = new Set<string>();
  const given = source.graph.links.map((link) => {
    const raw = readLink((link["comfy"] ?? null) as Json);
    if (raw === null || taken.has(raw.id)) return null;
    taken.add(raw.id);
    return raw;
  });
  const kept = [...listOf(source.kept["links"]), ...listOf(source.kept["lost"]).map(lostId)];
  const lastGiven = Math.max(
    0,
    ...[...taken, ...kept.map(String)].map(Number).filter(Number.isSafeInteger),
  );
  let lastId = lastGiven;
  const links = source.graph.links.map((link, i): ExportedLink => {
    const raw = given[i] ?? null;
    const entry = (link["comfy"] ?? null) as Json;
    if (raw !== null && isUnchanged(raw, link, source))
      return { id: idValue(entry), link, isUnchanged: true, entry };
    const id = raw === null ? ++lastId : idValue(entry);
    return { id, link, isUnchanged: false, entry: written(id, link, entry, source) };
  });
  return { links, lastId: lastId > lastGiven ? lastId : 0 };
}

function lostId(entry: Json): Json {
  return readLink(listOf(entry)[1] ?? null)?.id ?? null;
}

function idValue(entry: Json): Json {
  return (Array.isArray(entry) ? (entry as readonly Json[])[0] : objectOf(entry)["id"]) ?? null;
}

function isUnchanged(raw: RawLink, { from, to }: DocumentLink, source: LinkSource): boolean {
  if (raw.origin !== idOf(source.idOf(from[0])) || raw.target !== idOf(source.idOf(to[0])))
    return false;
  const output = source.sockets(from[0]).outputs[raw.originSlot];
  if (!isCalled(output ?? { name: `output ${raw.originSlot}`, type: "*" }, from[1])) return false;
  const { inputs } = source.sockets(to[0]);
  return (
    inputs[raw.targetSlot]?.name === to[1] ||
    inputs.some((input) => input.name === to[1] && input.link === raw.id)
  );
}

function written(id: Json, { from, to }: DocumentLink, entry: Json, source: LinkSource): Json {
  const outputs = source.sockets(from[0]).outputs;
  const inputs = source.sockets(to[0]).inputs;
  const originSlot = Math.max(
    0,
    outputs.findIndex((socket) => isCalled(socket, from[1])),
  );
  const targetSlot = Math.max(
    0,
    inputs.findIndex((socket) => socket.name === to[1]),
  );
  const [origin, target] = [source.idOf(from[0]), source.idOf(to[0])];
  const type = outputs[originSlot]?.type ?? "*";
  if (source.asObjects || isJsonObject(entry)) {
    return {
      ...objectOf(entry),
      id,
      origin_id: origin,
      origin_slot: originSlot,
      target_id: target,
      target_slot: targetSlot,
      type,
    };
  }
  return [id, origin, originSlot, target, targetSlot, type, ...listOf(entry).slice(6)];
}

/** The list with the entries that are no links where they were. */
export function withLost(entries: readonly Json[], lost: readonly Json[]): Json[] {
  const out = [...entries];
  for (const item of lost) {
    const [index, entry] = listOf(item);
    out.splice(typeof index === "number" ? index : out.length, 0, entry ?? null);
  }
  return out;
}

/** Ids of the nodes that stand for a subgraph's boundary. */
export function boundaryId(node: string): number | null {
  if (node === BOUNDARY_IN) return Number(INPUT_NODE);
  return node === BOUNDARY_OUT ? Number(OUTPUT_NODE) : null;
}

/** A list of link ids: what was removed from here is left out, what is new stands at the end. */
export function linkList(
  before: Json | undefined,
  own: readonly ExportedLink[],
  removed: ReadonlySet<string>,
): Json | undefined {
  const ids = new Set(own.map((link) => idOf(link.id)));
  const list = listOf(before);
  const stay = list.filter((id) => {
    const name = idOf(id);
    return name === null || !removed.has(name) || ids.has(name);
  });
  const known = new Set(stay.map(idOf));
  const added = own.filter((link) => !link.isUnchanged && !known.has(idOf(link.id)));
  if (added.length === 0 && stay.length === list.length) return before;
  return [...stay, ...added.map((link) => link.id)];
}
