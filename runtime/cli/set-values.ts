/** `--set node.param=value`: changes parameters of a document before it runs. */
import { resolve } from "node:path";
import { isFile } from "#runtime/engine/contained-name";
import { UmbelError } from "#runtime/errors";
import type { GraphDocument } from "#runtime/graph/document";
import { parseJson, type Json } from "#runtime/graph/json";
import { nearest } from "#runtime/graph/nearest";
import type { InputDescription, NodeDescriptions } from "#runtime/protocol/node-description";

export interface ChangedDocument {
  readonly document: GraphDocument;
  /** Input files that were named by their path, by the name under which the document has them. */
  readonly inputFiles: Readonly<Record<string, string>>;
}

/**
 * The node is an id, a title or a type that occurs once. Values are JSON when they parse as such and the parameter is
 * not text. A link into the parameter is cut. An input file may be given by the path of any file, relative to the
 * current folder: only files that a graph names by itself have to lie in the input folder. Throws ERR_USAGE.
 */
export function setValues(
  document: GraphDocument,
  assignments: readonly string[],
  descriptions: NodeDescriptions,
): ChangedDocument {
  return assignments.reduce<ChangedDocument>(
    (changed, assignment) => setValue(changed, assignment, descriptions),
    { document, inputFiles: {} },
  );
}

function setValue(
  { document, inputFiles }: ChangedDocument,
  assignment: string,
  descriptions: NodeDescriptions,
): ChangedDocument {
  const match = /^([^=]+)\.([^.=]+)=([\s\S]*)$/.exec(assignment);
  const [, place, name, text] = match ?? [];
  if (place === undefined || name === undefined || text === undefined) {
    throw new UmbelError("ERR_USAGE", `Expected --set node.param=value, got "${assignment}".`);
  }
  const id = findNode(document, place);
  const node = document.nodes[id];
  if (node === undefined)
    throw new UmbelError("ERR_USAGE", `Expected a node "${place}", got none.`);
  const inputs = descriptions.get(node.type)?.inputs ?? [];
  const input = inputs.find((candidate) => candidate.name === name);
  if (inputs.length > 0 && input === undefined) {
    const names = inputs.filter((i) => i.kind !== "socket").map((i) => i.name);
    throw new UmbelError(
      "ERR_USAGE",
      `Expected a parameter of ${node.type} (${names.join(", ")}), got "${name}".${hint(nearest(name, names))}`,
    );
  }
  const isPath = input?.kind === "file" && input.folder === "input" && isFile(resolve(text));
  const value = input === undefined ? jsonOrText(text) : valueOf(input.kind, text);
  return {
    document: {
      ...document,
      nodes: { ...document.nodes, [id]: { ...node, values: { ...node.values, [name]: value } } },
      links: document.links.filter((link) => link.to[0] !== id || link.to[1] !== name),
    },
    inputFiles: isPath ? { ...inputFiles, [fileName(text)]: resolve(text) } : inputFiles,
  };
}

function valueOf(kind: InputDescription["kind"], text: string): Json {
  if (kind === "file") return fileName(text);
  return kind === "text" ? text : jsonOrText(text);
}

function fileName(text: string): string {
  return text.replaceAll("\\", "/");
}

/** The node of this id, title or type. Throws ERR_USAGE when there is none, or more than one. */
export function findNode(document: GraphDocument, place: string): string {
  if (Object.hasOwn(document.nodes, place)) return place;
  for (const field of ["title", "type"] as const) {
    const ids = Object.entries(document.nodes).filter(([, node]) => node[field] === place);
    const only = ids[0]?.[0];
    if (ids.length === 1 && only !== undefined) return only;
    if (ids.length > 1) {
      throw new UmbelError(
        "ERR_USAGE",
        `Expected one node with ${field} "${place}", got ${ids.length}: say ${ids.map(([id]) => id).join(" or ")}.`,
      );
    }
  }
  const ids = Object.keys(document.nodes);
  throw new UmbelError(
    "ERR_USAGE",
    `Expected a node of the graph (${ids.join(", ")}), got "${place}".${hint(nearest(place, ids))}`,
  );
}

function jsonOrText(text: string): Json {
  try {
    return parseJson(text, "a value");
  } catch {
    return text;
  }
}

function hint(name: string | null): string {
  return name === null ? "" : ` Did you mean ${name}?`;
}
