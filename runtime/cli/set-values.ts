/** `--set node.param=value`: changes parameters of a document before it runs. */
import { UmbelError } from "#runtime/errors";
import type { GraphDocument } from "#runtime/graph/document";
import { parseJson, type Json } from "#runtime/graph/json";
import { nearest } from "#runtime/graph/nearest";
import type { NodeDescriptions } from "#runtime/protocol/node-description";

/**
 * The node is an id, a title or a type that occurs once. Values are JSON when they parse as such and the parameter is
 * not text. A link into the parameter is cut. Throws ERR_USAGE.
 */
export function setValues(
  document: GraphDocument,
  assignments: readonly string[],
  descriptions: NodeDescriptions,
): GraphDocument {
  return assignments.reduce(
    (current, assignment) => setValue(current, assignment, descriptions),
    document,
  );
}

function setValue(
  document: GraphDocument,
  assignment: string,
  descriptions: NodeDescriptions,
): GraphDocument {
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
  const value = input?.kind === "text" || input?.kind === "file" ? text : jsonOrText(text);
  return {
    ...document,
    nodes: { ...document.nodes, [id]: { ...node, values: { ...node.values, [name]: value } } },
    links: document.links.filter((link) => link.to[0] !== id || link.to[1] !== name),
  };
}

function findNode(document: GraphDocument, place: string): string {
  if (document.nodes[place] !== undefined) return place;
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
