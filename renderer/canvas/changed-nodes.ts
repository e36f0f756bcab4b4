/** Which nodes will run again: those that differ from the last run, and all that depends on them. */
import type { DocumentGraph, GraphDocument } from "#runtime/graph/document";
import { graphAt, type GraphRef } from "../stores/edit/graph-at.ts";

const cache = new WeakMap<DocumentGraph, { ran: DocumentGraph; changed: ReadonlySet<string> }>();

export function isChangedSinceRun(
  ran: GraphDocument,
  now: GraphDocument,
  ref: GraphRef,
  id: string,
): boolean {
  const before = graphAt(ran, ref);
  const after = graphAt(now, ref);
  if (before === undefined || after === undefined) return true;
  const found = cache.get(after);
  if (found?.ran === before) return found.changed.has(id);
  const changed = changedNodes(before, after);
  cache.set(after, { ran: before, changed });
  return changed.has(id);
}

export function changedNodes(before: DocumentGraph, after: DocumentGraph): ReadonlySet<string> {
  if (before === after) return new Set();
  const changed = new Set<string>();
  for (const [id, node] of Object.entries(after.nodes)) {
    const old = before.nodes[id];
    if (old === node) continue;
    const same =
      old !== undefined &&
      old.type === node.type &&
      old.state === node.state &&
      (old.values === node.values || JSON.stringify(old.values) === JSON.stringify(node.values));
    if (!same) changed.add(id);
  }
  const sourceOf = (graph: DocumentGraph) =>
    new Map(graph.links.map(({ from, to }) => [to.join(" "), from.join(" ")]));
  if (before.links !== after.links) {
    const old = sourceOf(before);
    const now = sourceOf(after);
    for (const [to, from] of now) if (old.get(to) !== from) changed.add(to.split(" ")[0]!);
    for (const to of old.keys()) if (!now.has(to)) changed.add(to.split(" ")[0]!);
  }
  const following = new Map<string, string[]>();
  for (const { from, to } of after.links)
    following.set(from[0], [...(following.get(from[0]) ?? []), to[0]]);
  const open = [...changed];
  for (let id = open.pop(); id !== undefined; id = open.pop())
    for (const next of following.get(id) ?? [])
      if (!changed.has(next)) {
        changed.add(next);
        open.push(next);
      }
  return changed;
}
