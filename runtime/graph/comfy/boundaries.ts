/** Inputs and outputs of subgraphs. */
import { uniqueNames } from "#runtime/graph/unique-names";
import type { Subgraph } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { idOf, listOf, objectOf, type JsonObject } from "./comfy-json.ts";
import { typeName } from "./object-info.ts";

export const INPUT_NODE = "-10";
export const OUTPUT_NODE = "-20";

type Boundary = Subgraph["inputs"][number];

/** What the document says of a definition's inputs or outputs; the rest of each stays under `comfy`. */
export function readBoundaries(list: Json | undefined): Boundary[] {
  const entries = listOf(list).map(objectOf);
  const names = uniqueNames(
    entries.map(({ name }, i) => (typeof name === "string" ? name : `socket ${i}`)),
  );
  return entries.map((entry, i) => ({
    name: names[i] ?? "",
    type: typeName(entry["type"]),
    ...(typeof entry["label"] === "string" ? { label: entry["label"] } : {}),
    comfy: entry,
  }));
}

/** A socket of a subgraph's node belongs to the boundary of its name, or else to that of its place. */
export function boundaryName(
  boundaries: readonly { readonly name: string }[],
  names: readonly (string | undefined)[],
  slot: number,
): string | undefined {
  const name = names[slot];
  const known = new Set(boundaries.map((boundary) => boundary.name));
  if (name !== undefined && known.has(name)) return name;
  const other = boundaries[slot]?.name;
  return other !== undefined && names.includes(other) ? name : (other ?? name);
}

export function linkIds(boundary: JsonObject): readonly string[] {
  return listOf(boundary["linkIds"]).flatMap((id) => idOf(id) ?? []);
}
