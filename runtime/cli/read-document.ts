/** A graph from a JSON file, ours or ComfyUI's, or from a result that carries its graph. */
import { readFile } from "node:fs/promises";
import { UmbelError } from "#runtime/errors";
import { importComfy, isComfy } from "#runtime/graph/comfy/import";
import type { Imported } from "#runtime/graph/comfy/import-graph";
import type { NodeFacts } from "#runtime/graph/comfy/node-facts";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import { parseJson } from "#runtime/graph/json";
import { readEmbeddedGraph } from "#runtime/media/embedded-graph";
import { loadNodeFacts } from "./object-info.ts";

const MEDIA = /\.(mp4|mov|webm|webp|png)$/i;

/** As `openDocument`, with what is known of node classes here. */
export async function readDocument(path: string): Promise<GraphDocument> {
  return (await openDocument(path)).document;
}

/** The document, and what of a ComfyUI file was repaired or is not known. Throws ERR_FILE, ERR_MEDIA, ERR_DOCUMENT. */
export async function openDocument(
  path: string,
  facts: () => Promise<NodeFacts> = loadNodeFacts,
): Promise<Imported> {
  const text = MEDIA.test(path) ? await embeddedText(path) : await readText(path);
  const json = parseJson(text);
  if (isComfy(json)) return importComfy(text, await facts());
  return { document: parseDocument(json), report: [] };
}

/** Our own form first, then the graph that a person arranged, then what ran. */
async function embeddedText(path: string): Promise<string> {
  const tags = await readEmbeddedGraph(path);
  const text = tags["umbel"] ?? tags["workflow"] ?? tags["prompt"];
  if (text === undefined)
    throw new UmbelError("ERR_DOCUMENT", `Expected a graph embedded in ${path}, got none.`);
  return text;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "an error";
    throw new UmbelError("ERR_FILE", `Expected to read the graph ${path}, got ${code}.`, { cause });
  }
}
