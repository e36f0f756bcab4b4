/** Native reroutes: points on links, kept in a list beside them. */
import { idOf, listOf, objectOf, type JsonObject } from "./comfy-json.ts";
import { pointOf } from "./shapes.ts";

const MAX_CHAIN = 1000;

export interface Reroutes {
  /** Points that a link passes, from its start to its end. */
  points(link: string, parent: string | null): [number, number][];
}

/** Format 0.4 keeps them in `extra` and says there which links pass them; format 1.0 and subgraphs have them on top. */
export function readReroutes(raw: JsonObject): Reroutes {
  const extra = objectOf(raw["extra"]);
  const list = [...listOf(raw["reroutes"]), ...listOf(extra["reroutes"])].map(objectOf);
  const byId = new Map(list.map((reroute) => [idOf(reroute["id"]) ?? "", reroute]));
  const parents = new Map(
    listOf(extra["linkExtensions"])
      .map(objectOf)
      .map((extension) => [idOf(extension["id"]) ?? "", idOf(extension["parentId"])]),
  );
  return {
    points(link, parent) {
      const points: [number, number][] = [];
      const seen = new Set<string>();
      let at = parent ?? parents.get(link) ?? null;
      while (at !== null && !seen.has(at) && seen.size < MAX_CHAIN) {
        seen.add(at);
        const reroute = byId.get(at);
        const point = pointOf(reroute?.["pos"]);
        if (point !== null) points.push(point);
        at = reroute === undefined ? null : idOf(reroute["parentId"]);
      }
      return points.toReversed();
    },
  };
}
