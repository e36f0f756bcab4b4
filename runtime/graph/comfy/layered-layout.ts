/** Places for nodes that have none: columns from left to right, each node right of all that it needs. */
import type { DocumentLink, DocumentNode } from "#runtime/graph/document";

const COLUMN = 400;
const TITLE = 60;
const ROW = 26;
const GAP = 40;

export function layeredLayout(
  nodes: Readonly<Record<string, DocumentNode>>,
  links: readonly DocumentLink[],
): ReadonlyMap<string, [number, number]> {
  const ids = Object.keys(nodes);
  const needs = new Map<string, string[]>(ids.map((id) => [id, []]));
  const used = new Map<string, string[]>(ids.map((id) => [id, []]));
  const rows = new Map<string, number>(
    ids.map((id) => [id, Object.keys(nodes[id]?.values ?? {}).length]),
  );
  for (const { from, to } of links) {
    needs.get(to[0])?.push(from[0]);
    used.get(from[0])?.push(to[0]);
    rows.set(to[0], (rows.get(to[0]) ?? 0) + 1);
  }
  const columns = columnsOf(ids, needs, used);
  const bottoms: number[] = [];
  const places = new Map<string, [number, number]>();
  for (const id of ids) {
    const column = columns.get(id) ?? 0;
    const top = bottoms[column] ?? 0;
    places.set(id, [column * COLUMN, top]);
    bottoms[column] = top + TITLE + (rows.get(id) ?? 0) * ROW + GAP;
  }
  return places;
}

/** The longest way from a node without inputs; nodes of a loop stay where they were first reached. */
function columnsOf(
  ids: readonly string[],
  needs: ReadonlyMap<string, readonly string[]>,
  used: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, number> {
  const open = new Map(ids.map((id) => [id, needs.get(id)?.length ?? 0]));
  const columns = new Map<string, number>();
  const ready = ids.filter((id) => open.get(id) === 0);
  for (let id = ready.shift(); id !== undefined; id = ready.shift()) {
    const column = columns.get(id) ?? 0;
    columns.set(id, column);
    for (const next of used.get(id) ?? []) {
      columns.set(next, Math.max(columns.get(next) ?? 0, column + 1));
      const left = (open.get(next) ?? 0) - 1;
      open.set(next, left);
      if (left === 0) ready.push(next);
    }
  }
  return columns;
}
