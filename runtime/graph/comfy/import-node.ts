/** One node of a ComfyUI graph. */
import { SUBGRAPH_PREFIX, type DocumentNode } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { isVirtual, keptSockets } from "#runtime/graph/virtual-nodes";
import { digitsOf, idOf, objectOf, type JsonObject } from "./comfy-json.ts";
import { reporter, type ImportContext } from "./context.ts";
import { readWidgets, type ReadWidgets } from "./read-widgets.ts";
import { promotedWidgets } from "./promoted-widgets.ts";
import { isPair, pointOf } from "./shapes.ts";

export interface ImportedNode {
  readonly id: string;
  readonly node: DocumentNode;
}

/** Type of a node without one. */
export const UNKNOWN = "unknown";

/** Keys that the document says itself. Others stay as they are. */
const SAID = new Set(["id", "type", "title", "widgets_values", "pos", "size"]);

/** `path` is the id of the nodes around it, "outer:" or nothing. */
export function importNode(
  raw: JsonObject,
  id: string,
  path: string,
  context: ImportContext,
): ImportedNode {
  const report = reporter(context, `${path}${id}`);
  const type = typeof raw["type"] === "string" ? raw["type"] : "";
  const group = groupNodeName(type, context);
  if (group !== null) {
    report("info", `Expanded the group node "${group}" to a subgraph.`);
    const subgraph = `group ${group} ${path}${id}`;
    context.subgraphs[subgraph] = context.expandGroup(group, raw, context);
    const widgets: ReadWidgets = { values: {}, integers: [] };
    const node = build(raw, id, SUBGRAPH_PREFIX + subgraph, widgets);
    // The subgraph holds the values: the node's own go out again as they came.
    return { id, node: { ...node, comfy: { ...objectOf(node["comfy"] as Json), file: raw } } };
  }
  if (context.definitions.has(type)) {
    const widgets = promotedWidgets(raw, objectOf(context.definitions.get(type)), context, report);
    return { id, node: build(raw, id, SUBGRAPH_PREFIX + type, widgets) };
  }
  const fact = context.facts.get(type);
  if (type === "") report("warning", "Expected a node with a type, got one without: it is kept.");
  else if (fact === undefined && !isVirtual(type))
    report("warning", `The node type "${type}" is not known here: it is kept as it is.`);
  const node = build(raw, id, type, readWidgets(raw, fact, report));
  const names = fact?.outputs.map((output) => output.name) ?? [];
  const kept = keptSockets(node, "outputs");
  if (names.every((name, i) => kept[i]?.name === name)) return { id, node };
  return { id, node: { ...node, comfy: { ...objectOf(node["comfy"] as Json), outputs: names } } };
}

function build(raw: JsonObject, id: string, type: string, read: ReadWidgets): DocumentNode {
  const { mode, title, color } = raw;
  const flags = objectOf(raw["flags"]);
  const at = pointOf(raw["pos"]);
  const size = pointOf(raw["size"]);
  const keep = Object.entries(raw).filter(([key, value]) => {
    if (key === "widgets_values") return typeof value !== "object" || digitsOf(value) !== null;
    if (key === "title") return typeof value !== "string";
    if (key === "type") return typeof value !== "string" || value === "" || value === UNKNOWN;
    return !SAID.has(key) || (key !== "id" && !isPair(value));
  });
  return {
    type: type === "" ? UNKNOWN : type,
    ...(typeof title === "string" ? { title } : {}),
    values: read.values,
    ...(mode === 2 ? { state: "muted" as const } : {}),
    ...(mode === 4 ? { state: "bypassed" as const } : {}),
    ...(at === null ? {} : { at }),
    ...(size === null ? {} : { size }),
    ...(flags["collapsed"] === true ? { collapsed: true } : {}),
    ...(flags["pinned"] === true ? { pinned: true } : {}),
    ...(typeof color === "string" ? { color } : {}),
    comfy: {
      ...(raw["id"] === undefined ? { noId: true } : {}),
      ...(derivedId(id) === raw["id"] || raw["id"] === undefined ? {} : { id: raw["id"] }),
      ...(read.widgets === undefined ? {} : { widgets: read.widgets }),
      ...(read.integers.length === 0 ? {} : { integers: read.integers }),
      file: Object.fromEntries(keep),
    },
  };
}

/** Ids that look like numbers are numbers in ComfyUI. */
export function derivedId(id: string): Json {
  return /^-?(0|[1-9]\d{0,14})$/.test(id) && id !== "-0" ? Number(id) : id;
}

/** Ids of a list of nodes; a node without one, or with that of another, gets a new one. */
export function nodeIds(
  nodes: readonly JsonObject[],
  report: (node: string, reason: string) => void,
): string[] {
  const taken = new Set(nodes.map((node) => idOf(node["id"])));
  const used = new Set<string>();
  return nodes.map((node) => {
    const id = idOf(node["id"]);
    // JSON reads a key of that name as none.
    if (id !== null && id !== "__proto__" && !used.has(id)) {
      used.add(id);
      return id;
    }
    let fresh = id === null ? "node" : `${id} (2)`;
    for (let n = 2; taken.has(fresh) || used.has(fresh); n++)
      fresh = id === null ? `node ${n}` : `${id} (${n})`;
    report(
      fresh,
      id === null ? "Expected an id, got none." : `Expected an id of its own, got ${id} again.`,
    );
    used.add(fresh);
    return fresh;
  });
}

/** Name of the group that a type stands for, if the file defines it. */
function groupNodeName(type: string, { groupNodes }: ImportContext): string | null {
  const name = /^workflow[>/](.+)$/.exec(type)?.[1];
  return name !== undefined && Object.hasOwn(groupNodes, name) ? name : null;
}
