/** What is known of node classes: files of `object_info`, and the classes that are installed here. */
import { readFile } from "node:fs/promises";
import { UmbelError } from "#runtime/errors";
import { descriptionFacts } from "#runtime/graph/comfy/description-facts";
import { combineFacts, type NodeFacts } from "#runtime/graph/comfy/node-facts";
import { readObjectInfo } from "#runtime/graph/comfy/object-info";
import { NODE_FOLDER } from "./locations.ts";
import { loadNodes } from "./node-registry.ts";

/** The files come first; outputs are called what they are called here. Throws ERR_FILE, ERR_DOCUMENT. */
export async function loadNodeFacts(paths: readonly string[] = []): Promise<NodeFacts> {
  const { descriptions } = await loadNodes([NODE_FOLDER]);
  const own = descriptionFacts(descriptions);
  const files = await Promise.all(paths.map(readFacts));
  return combineFacts([...files, own], own);
}

async function readFacts(path: string): Promise<NodeFacts> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "an error";
    throw new UmbelError(
      "ERR_FILE",
      `Expected to read node descriptions from ${path}, got ${code}.`,
      {
        cause,
      },
    );
  }
  return readObjectInfo(text, path);
}
