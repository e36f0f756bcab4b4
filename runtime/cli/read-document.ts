/** A graph from a JSON file or from a result that carries its graph. */
import { readFile } from "node:fs/promises";
import { UmbelError } from "#runtime/errors";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import { readEmbeddedGraph } from "#runtime/media/embedded-graph";

const MEDIA = /\.(mp4|mov|webm|webp|png)$/i;

export async function readDocument(path: string): Promise<GraphDocument> {
  if (!MEDIA.test(path)) return parseDocument(await readText(path));
  const tags = await readEmbeddedGraph(path);
  const text = tags["umbel"];
  if (text === undefined) {
    const found = Object.keys(tags).join(", ") || "none";
    throw new UmbelError("ERR_DOCUMENT", `Expected a graph embedded in ${path}, got ${found}.`);
  }
  return parseDocument(text);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "an error";
    throw new UmbelError("ERR_FILE", `Expected to read the graph ${path}, got ${code}.`, { cause });
  }
}
