/** What reading one file shares between its graphs. */
import type { Subgraph } from "#runtime/graph/document";
import type { JsonObject } from "./comfy-json.ts";
import type { NodeFacts } from "./node-facts.ts";
import type { ImportNote, Reporter } from "./report.ts";

export interface ImportContext {
  readonly facts: NodeFacts;
  /** `definitions.subgraphs` by id. */
  readonly definitions: ReadonlyMap<string, JsonObject>;
  /** `extra.groupNodes`. */
  readonly groupNodes: JsonObject;
  /** Makes a subgraph of a group node. */
  readonly expandGroup: (name: string, raw: JsonObject, context: ImportContext) => Subgraph;
  /** Group nodes become subgraphs here. */
  readonly subgraphs: Record<string, Subgraph>;
  readonly notes: ImportNote[];
}

export function reporter(context: ImportContext, node: string | null): Reporter {
  return (severity, reason) => {
    context.notes.push({ node, severity, reason });
  };
}
