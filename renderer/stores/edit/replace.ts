/** A node made one of another class: what both know by name stays, and links go on to what fits them. */
import type { DocumentGraph, DocumentLink, DocumentNode } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { socketsMatch } from "#runtime/graph/sockets";
import type { InputDescription, NodeDescription } from "#runtime/protocol/node-description";
import { acceptedType } from "./accepted-type.ts";
import type { Socket } from "./links.ts";

/** Types at the other ends of links. */
export interface LinkTypes {
  /** Of the output that a link begins at. */
  readonly given: (link: DocumentLink) => string;
  /** Of the input that a link ends at. */
  readonly wanted: (link: DocumentLink) => string;
}

export interface Replaced {
  readonly graph: DocumentGraph;
  /** Links that the new class has no socket for. */
  readonly dropped: number;
}

export function replaceNode(
  graph: DocumentGraph,
  id: string,
  to: NodeDescription,
  types: LinkTypes,
): Replaced {
  const node = graph.nodes[id];
  if (node === undefined) return { graph, dropped: 0 };
  const ends = newEnds(graph, id, to, types);
  const links = graph.links.flatMap((link) => {
    const end = ends.get(link);
    return end === undefined ? [link] : end === null ? [] : [end];
  });
  const nodes = { ...graph.nodes, [id]: changed(node, to) };
  return {
    graph: { ...graph, nodes, links },
    dropped: graph.links.length - links.length,
  };
}

/** How much of a node another class keeps: links count most, then values, then the likeness of the names. */
export function keeps(
  graph: DocumentGraph,
  id: string,
  to: NodeDescription,
  types: LinkTypes,
): number {
  const node = graph.nodes[id];
  if (node === undefined) return 0;
  const ends = [...newEnds(graph, id, to, types).values()];
  const kept = ends.filter((end) => end !== null).length;
  const names = Object.keys(node.values);
  const known = names.filter((name) => takesValue(to, name, node.values[name]!)).length;
  return 3 * (kept - (ends.length - kept)) + known - to.inputs.length / 100;
}

/** Each link of a node as it is with the new class; null: it has no place any more. */
function newEnds(
  graph: DocumentGraph,
  id: string,
  to: NodeDescription,
  types: LinkTypes,
): ReadonlyMap<DocumentLink, DocumentLink | null> {
  const found = new Map<DocumentLink, DocumentLink | null>();
  const into = graph.links.filter((link) => link.to[0] === id);
  const taken = new Set<string>();
  const put = (link: DocumentLink, input: InputDescription | undefined) => {
    if (input === undefined) found.set(link, null);
    else {
      taken.add(input.name);
      found.set(link, moved(link, "to", [id, input.name]));
    }
  };
  const fits = (link: DocumentLink, input: InputDescription) =>
    !taken.has(input.name) && socketsMatch(types.given(link), acceptedType(input.kind, input.type));
  // Names first, so that no link takes the place that another has by its name.
  const named = into.filter((link) => {
    const input = to.inputs.find(({ name }) => name === link.to[1]);
    if (input === undefined || !fits(link, input)) return false;
    put(link, input);
    return true;
  });
  for (const link of into) {
    if (named.includes(link)) continue;
    put(
      link,
      to.inputs.find((input) => input.kind === "socket" && input.type !== "*" && fits(link, input)),
    );
  }
  for (const link of graph.links) {
    if (link.from[0] !== id) continue;
    const match = ({ type }: { readonly type: string }) => socketsMatch(type, types.wanted(link));
    const output =
      to.outputs.find((one) => one.name === link.from[1] && match(one)) ?? to.outputs.find(match);
    const before = found.get(link) ?? link;
    found.set(link, output === undefined ? null : moved(before, "from", [id, output.name]));
  }
  return found;
}

const moved = (link: DocumentLink, end: "from" | "to", to: Socket): DocumentLink => ({
  ...link,
  [end]: [to[0], to[1]],
});

function takesValue(to: NodeDescription, name: string, value: Json): boolean {
  const input = to.inputs.find((one) => one.name === name && one.kind !== "socket");
  if (input === undefined) return false;
  const { kind, options, folder } = input;
  if (kind === "combo" && folder === undefined) return options?.includes(value as never) ?? false;
  if (kind === "int" || kind === "float") return typeof value === "number";
  if (kind === "boolean") return typeof value === "boolean";
  if (kind === "seed") return typeof value === "number" || typeof value === "string";
  return typeof value === "string";
}

function changed(node: DocumentNode, to: NodeDescription): DocumentNode {
  const values = Object.fromEntries(
    to.inputs.flatMap(({ name, kind, default: value }): [string, Json][] => {
      const old = node.values[name];
      if (old !== undefined && takesValue(to, name, old)) return [[name, old]];
      return kind === "socket" || value === undefined ? [] : [[name, value]];
    }),
  );
  const { at, title, state, color, collapsed, pinned, controls } = node;
  const kept = Object.entries(controls ?? {}).filter(([name]) => name in values);
  const sockets: unknown = node["sockets"];
  const exposed = Array.isArray(sockets) ? sockets.filter((name) => name in values) : [];
  return {
    type: to.type,
    ...(title === undefined ? {} : { title }),
    values,
    ...(kept.length === 0 ? {} : { controls: Object.fromEntries(kept) }),
    ...(exposed.length === 0 ? {} : { sockets: exposed }),
    ...(at === undefined ? {} : { at }),
    ...(state === undefined ? {} : { state }),
    ...(color === undefined ? {} : { color }),
    ...(collapsed === undefined ? {} : { collapsed }),
    ...(pinned === undefined ? {} : { pinned }),
  };
}
