/** ComfyUI's graph format, 0.4 and 1.0, as a document. */
import {
  DOCUMENT_VERSION,
  parseDocument,
  type GraphDocument,
  type Subgraph,
} from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { isObject } from "#runtime/graph/json";
import { readBoundaries } from "./boundaries.ts";
import { listOf, objectOf, record, type JsonObject } from "./comfy-json.ts";
import type { ImportContext } from "./context.ts";
import { expandGroupNode } from "./group-nodes.ts";
import { importDefinition, importLevel } from "./import-level.ts";
import type { NodeFacts } from "./node-facts.ts";
import type { ImportNote } from "./report.ts";
import { pointOf } from "./shapes.ts";
import type { Boundaries } from "./sockets.ts";

export interface Imported {
  readonly document: GraphDocument;
  /** What was repaired or is not known. */
  readonly report: readonly ImportNote[];
}

/** Throws ERR_DOCUMENT. Whatever a document cannot say is kept under `comfy`. */
export function importGraph(raw: JsonObject, facts: NodeFacts): Imported {
  const definitions = new Map<string, JsonObject>();
  for (const definition of listOf(objectOf(raw["definitions"])["subgraphs"])) {
    if (isObject(definition) && typeof definition["id"] === "string")
      definitions.set(definition["id"], definition);
  }
  const boundaries: Boundaries = Object.fromEntries(
    [...definitions].map(([id, definition]) => [
      id,
      {
        inputs: readBoundaries(definition["inputs"]),
        outputs: readBoundaries(definition["outputs"]),
      },
    ]),
  );
  const context: ImportContext = {
    facts,
    definitions,
    groupNodes: objectOf(objectOf(raw["extra"])["groupNodes"]),
    expandGroup: expandGroupNode,
    subgraphs: record<Subgraph>(),
    notes: [],
  };
  const { graph, comfy } = importLevel(raw, "", boundaries, null, context);
  const subgraphs = record<Subgraph>();
  for (const [id, definition] of definitions)
    subgraphs[id] = importDefinition(id, definition, boundaries, context);
  Object.assign(subgraphs, context.subgraphs);
  const document: Json = {
    umbel: DOCUMENT_VERSION,
    ...(typeof raw["id"] === "string" ? { id: raw["id"] } : {}),
    ...(graph as unknown as JsonObject),
    ...(Object.keys(subgraphs).length === 0 ? {} : { subgraphs: subgraphs as unknown as Json }),
    ...viewOf(raw),
    comfy: { ...comfy, file: withoutDefinitions(objectOf(comfy["file"]), definitions) },
  };
  return { document: parseDocument(document), report: context.notes };
}

/** The definitions are subgraphs of the document, and here their ids; entries that are none stay. */
function withoutDefinitions(file: JsonObject, known: ReadonlyMap<string, JsonObject>): JsonObject {
  const definitions = objectOf(file["definitions"]);
  if (!Array.isArray(definitions["subgraphs"])) return file;
  const subgraphs = listOf(definitions["subgraphs"]).map((definition): Json => {
    const id = objectOf(definition)["id"];
    return typeof id === "string" && known.get(id) === definition ? id : definition;
  });
  return { ...file, definitions: { ...definitions, subgraphs } };
}

/** The part of a canvas that is shown. */
export function viewOf(raw: JsonObject): JsonObject {
  const { scale, offset } = objectOf(objectOf(raw["extra"])["ds"]);
  const at = pointOf(offset);
  return at === null || typeof scale !== "number" ? {} : { view: { at, zoom: scale } };
}
