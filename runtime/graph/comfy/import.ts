/** Any form in which ComfyUI keeps a graph, as a document. */
import { UmbelError } from "#runtime/errors";
import { isObject, type Json } from "#runtime/graph/json";
import { parseComfyJson } from "./comfy-json.ts";
import { importGraph, type Imported } from "./import-graph.ts";
import { importPrompt, isPrompt } from "./import-prompt.ts";
import type { NodeFacts } from "./node-facts.ts";

/** True for the graph format and the API format. */
export function isComfy(value: Json): boolean {
  return (
    isObject(value) && !("umbel" in value) && (Array.isArray(value["nodes"]) || isPrompt(value))
  );
}

/** Throws ERR_DOCUMENT. */
export function importComfy(text: string, facts: NodeFacts): Imported {
  const value = parseComfyJson(text);
  if (isObject(value) && Array.isArray(value["nodes"])) return importGraph(value, facts);
  if (isObject(value) && isPrompt(value)) return importPrompt(value, facts);
  const keys = isObject(value) ? Object.keys(value).slice(0, 6).join(", ") || "(none)" : null;
  throw new UmbelError(
    "ERR_DOCUMENT",
    `Expected a ComfyUI workflow, as a graph or in API format, got ${keys === null ? "no object" : `an object with keys ${keys}`}.`,
  );
}
