/** Links by socket names. An input's own record of its link is truer than the slot that the link gives. */
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  type DocumentLink,
  type DocumentNode,
  type Subgraph,
} from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { isObject } from "#runtime/graph/json";
import { INPUT_NODE, OUTPUT_NODE } from "./boundaries.ts";
import { digitsOf, idOf, listOf, objectOf, textOf } from "./comfy-json.ts";
import type { ImportNote } from "./report.ts";
import type { Reroutes } from "./reroutes.ts";
import { fileOf, type NodeSockets } from "./sockets.ts";

export interface RawLink {
  readonly id: string;
  readonly origin: string;
  readonly originSlot: number;
  readonly target: string;
  readonly targetSlot: number;
  readonly type: Json;
  /** The last reroute that it passes. */
  readonly parent: string | null;
}

export interface LinkContext {
  readonly nodes: Readonly<Record<string, DocumentNode>>;
  /** Document ids by ids of the file. */
  readonly ids: ReadonlyMap<string, string>;
  readonly sockets: (node: DocumentNode) => NodeSockets;
  /** Boundaries when the graph is a subgraph. */
  readonly own: Pick<Subgraph, "inputs" | "outputs"> | null;
  readonly reroutes: Reroutes;
  readonly report: (node: string | null, severity: ImportNote["severity"], reason: string) => void;
}

export interface ImportedLinks {
  readonly links: readonly DocumentLink[];
  /** Ids of links that were read. */
  readonly imported: readonly Json[];
  /** Entries that are none, with their index in the list. */
  readonly lost: readonly (readonly [number, Json])[];
}

/** Tuples or objects; null for anything else. */
export function readLink(entry: Json): RawLink | null {
  const { id, origin_id, origin_slot, target_id, target_slot, type, parentId } = objectOf(entry);
  const fields: readonly (Json | undefined)[] = Array.isArray(entry)
    ? (entry as readonly Json[])
    : [id, origin_id, origin_slot, target_id, target_slot, type];
  const [own, origin, originSlot, target, targetSlot, linkType] = fields;
  const ids = [idOf(own), idOf(origin), idOf(target)] as const;
  const slots = [slotOf(originSlot), slotOf(targetSlot)] as const;
  if (ids[0] === null || ids[1] === null || ids[2] === null) return null;
  if (slots[0] === null || slots[1] === null) return null;
  return {
    id: ids[0],
    origin: ids[1],
    originSlot: slots[0],
    target: ids[2],
    targetSlot: slots[1],
    type: linkType ?? "*",
    parent: isObject(entry) ? idOf(parentId) : null,
  };
}

function slotOf(slot: Json | undefined): number | null {
  const number = typeof slot === "string" ? Number(slot) : slot;
  return typeof number === "number" && Number.isInteger(number) && number >= 0 ? number : null;
}

export function importLinks(entries: readonly Json[], context: LinkContext): ImportedLinks {
  const parsed = entries.map(readLink);
  const known = new Set(parsed.flatMap((link) => (link === null ? [] : [link.id])));
  reportDangling(context, known);
  const links: DocumentLink[] = [];
  const imported: Json[] = [];
  const lost: (readonly [number, Json])[] = [];
  const taken = new Set<string>();
  entries.forEach((entry, i) => {
    const link = parsed[i] ?? null;
    const ends = link === null ? null : endsOf(link, known, context);
    const target = ends === null ? "" : JSON.stringify(ends.to);
    if (link === null || ends === null || (taken.has(target) && !isOutput(ends.to))) {
      lost.push([i, entry]);
      if (link === null && entry !== null)
        context.report(null, "warning", `Expected a link, got ${show(entry)}: it is kept, unused.`);
      else if (ends !== null && link !== null)
        context.report(
          ends.to[0],
          "warning",
          `Link ${link.id} leads into "${ends.to[1]}", which has a link.`,
        );
      return;
    }
    taken.add(target);
    const via = context.reroutes.points(link.id, link.parent);
    links.push({ ...ends, ...(via.length === 0 ? {} : { via }), comfy: entry });
    imported.push(/^\d{1,15}$/.test(link.id) ? Number(link.id) : link.id);
  });
  return { links, imported, lost };
}

function isOutput(to: readonly [string, string]): boolean {
  return to[0] === BOUNDARY_OUT;
}

function endsOf(
  link: RawLink,
  known: ReadonlySet<string>,
  context: LinkContext,
): Pick<DocumentLink, "from" | "to"> | null {
  const from = fromOf(link, context);
  const to = toOf(link, known, context);
  if (from !== null && to !== null) return { from, to };
  const node = from === null ? link.origin : link.target;
  const place = context.ids.get(node) ?? null;
  const what = place === null ? `node ${node}, which is not there` : "a socket that it has not";
  context.report(
    place,
    "warning",
    `Link ${link.id} ${from === null ? "starts" : "ends"} at ${what}.`,
  );
  return null;
}

function fromOf(link: RawLink, { own, ids, nodes, sockets }: LinkContext): [string, string] | null {
  if (own !== null && link.origin === INPUT_NODE) {
    const name = own.inputs[link.originSlot]?.name;
    return name === undefined ? null : [BOUNDARY_IN, name];
  }
  const id = ids.get(link.origin);
  const node = id === undefined ? undefined : nodes[id];
  if (id === undefined || node === undefined) return null;
  const output = sockets(node).outputs[link.originSlot];
  return [id, output?.name ?? `output ${link.originSlot}`];
}

function toOf(
  link: RawLink,
  known: ReadonlySet<string>,
  { own, ids, nodes, sockets }: LinkContext,
): [string, string] | null {
  if (own !== null && link.target === OUTPUT_NODE) {
    const name = own.outputs[link.targetSlot]?.name;
    return name === undefined ? null : [BOUNDARY_OUT, name];
  }
  const id = ids.get(link.target);
  const node = id === undefined ? undefined : nodes[id];
  if (id === undefined || node === undefined) return null;
  const entries = listOf(fileOf(node)["inputs"]).map(objectOf);
  const { inputs } = sockets(node);
  const slot = entries.findIndex((input) => idOf(input["link"]) === link.id);
  if (slot >= 0) return [id, inputs[slot]?.name ?? `input ${slot}`];
  // A slot that names another link has moved on: this one is stale.
  const other = idOf(entries[link.targetSlot]?.["link"]);
  const name = inputs[link.targetSlot]?.name;
  return name === undefined || (other !== null && known.has(other)) ? null : [id, name];
}

function reportDangling({ nodes, report }: LinkContext, known: ReadonlySet<string>): void {
  for (const [id, node] of Object.entries(nodes)) {
    for (const input of listOf(fileOf(node)["inputs"]).map(objectOf)) {
      const link = idOf(input["link"]);
      if (link !== null && !known.has(link))
        report(
          id,
          "warning",
          `Its input "${textOf(input["name"])}" has link ${link}, which the file lacks.`,
        );
    }
  }
}

function show(value: Json): string {
  const text = digitsOf(value) ?? JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
