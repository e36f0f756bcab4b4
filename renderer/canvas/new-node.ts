import type { DocumentNode } from "#runtime/graph/document";
import type { NodeDescription } from "#runtime/protocol/node-description";
import type { Point } from "../stores/edit/nodes.ts";

/** A node of a class as it comes from the search: its fields at their defaults. */
export function newNode(description: NodeDescription, at: Point): DocumentNode {
  const entries = description.inputs.flatMap(({ name, kind, default: value }) =>
    kind === "socket" || value === undefined ? [] : [[name, value] as const],
  );
  return {
    type: description.type,
    values: Object.fromEntries(entries),
    at: [Math.round(at[0]), Math.round(at[1])],
  };
}
