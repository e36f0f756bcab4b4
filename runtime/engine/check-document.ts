/** Every problem of a document, including those that only the nodes and the files can tell. */
import type { GraphDocument } from "#runtime/graph/document";
import { validateDocument, type Validation } from "#runtime/graph/validate";
import { checkNodes } from "./check-nodes.ts";
import type { NodeRegistry } from "./node-registry.ts";

/** `list` gives the files of a folder, or null when they are not known. */
export function checkDocument(
  document: GraphDocument,
  registry: NodeRegistry,
  list: (folder: string) => readonly string[] | null,
): Validation {
  // Many inputs share few folders, and a folder may hold thousands of files.
  const known = new Map<string, readonly string[] | null>();
  const choices = ({ folder }: { folder?: string }): readonly string[] | null => {
    if (folder === undefined) return null;
    const names = known.get(folder) ?? list(folder);
    known.set(folder, names);
    return names;
  };
  const found = validateDocument(document, registry.descriptions, choices);
  return { ...found, problems: [...found.problems, ...checkNodes(found.graph, registry)] };
}
