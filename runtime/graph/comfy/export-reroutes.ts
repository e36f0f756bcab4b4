/** Points of links as native reroutes. Links whose points did not change keep theirs. */
import type { Json } from "#runtime/graph/json";
import { idOf, isJsonObject, listOf, objectOf, type JsonObject } from "./comfy-json.ts";
import type { ExportedLink } from "./export-links.ts";
import { readLink } from "./import-links.ts";
import { readReroutes } from "./reroutes.ts";

export interface ExportedReroutes {
  /** Entries of the links. */
  readonly entries: readonly Json[];
  /** Keys of the graph that changed. */
  readonly file: JsonObject;
}

export function exportReroutes(
  links: readonly ExportedLink[],
  file: JsonObject,
  asObjects: boolean,
): ExportedReroutes {
  const before = readReroutes(file);
  const changed = links.filter(({ link, entry }) => {
    const raw = readLink(entry);
    const points = before.points(raw?.id ?? "", raw?.parent ?? null);
    return JSON.stringify(points) !== JSON.stringify(link.via ?? []);
  });
  if (changed.length === 0) return { entries: links.map(({ entry }) => entry), file: {} };

  const extra = objectOf(file["extra"]);
  const onTop = asObjects || Array.isArray(file["reroutes"]);
  const ids = new Set(changed.map((link) => idOf(link.id)));
  const list = listOf(onTop ? file["reroutes"] : extra["reroutes"]).map(objectOf);
  const reroutes: JsonObject[] = list.map((reroute) => ({
    ...reroute,
    linkIds: listOf(reroute["linkIds"]).filter((id) => !ids.has(idOf(id))),
  }));
  let last = Math.max(
    0,
    ...list.map((reroute) => Number(idOf(reroute["id"]))).filter(Number.isSafeInteger),
  );
  const parents = new Map<Json, number | null>();
  for (const { id, link } of changed) {
    let parent: number | null = null;
    for (const pos of link.via ?? []) {
      reroutes.push({
        id: ++last,
        ...(parent === null ? {} : { parentId: parent }),
        pos,
        linkIds: [id],
      });
      parent = last;
    }
    parents.set(id, parent);
  }
  const inUse = withoutUnused(reroutes);
  const entries = links.map(({ id, entry }) => withParent(entry, parents.get(id)));
  if (onTop) return { entries, file: { reroutes: inUse } };
  const extensions = [
    ...listOf(extra["linkExtensions"]).filter(
      (extension) => !ids.has(idOf(objectOf(extension)["id"])),
    ),
    ...[...parents].flatMap(([id, parentId]) => (parentId === null ? [] : [{ id, parentId }])),
  ];
  return { entries, file: { extra: { ...extra, reroutes: inUse, linkExtensions: extensions } } };
}

function withParent(entry: Json, parent: number | null | undefined): Json {
  if (parent === undefined || !isJsonObject(entry)) return entry;
  const { parentId: _, ...rest } = entry;
  return parent === null ? rest : { ...rest, parentId: parent };
}

/** Without those that no link, no floating end and no other reroute needs. */
function withoutUnused(reroutes: readonly JsonObject[]): JsonObject[] {
  let left = [...reroutes];
  for (let before = -1; before !== left.length;) {
    before = left.length;
    const parents = new Set(left.map((reroute) => idOf(reroute["parentId"])));
    left = left.filter(
      (reroute) =>
        listOf(reroute["linkIds"]).length > 0 ||
        reroute["floating"] !== undefined ||
        parents.has(idOf(reroute["id"])),
    );
  }
  return left;
}
