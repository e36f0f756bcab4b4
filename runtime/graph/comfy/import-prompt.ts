/** ComfyUI's API format as a document, laid out in columns. */
import {
  DOCUMENT_VERSION,
  parseDocument,
  type DocumentLink,
  type DocumentNode,
} from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { isObject } from "#runtime/graph/json";
import {
  digitsOf,
  idOf,
  listOf,
  objectOf,
  plain,
  record,
  type JsonObject,
  textOf,
} from "./comfy-json.ts";
import type { Imported } from "./import-graph.ts";
import { layeredLayout } from "./layered-layout.ts";
import type { NodeFacts } from "./node-facts.ts";
import type { ImportNote } from "./report.ts";

const SAID = new Set(["class_type", "inputs"]);

/** True for an object of nodes that each have a class. */
export function isPrompt(value: JsonObject): boolean {
  const nodes = Object.values(value);
  return (
    !("nodes" in value) &&
    nodes.length > 0 &&
    nodes.every((node) => isObject(node) && typeof node["class_type"] === "string")
  );
}

/** Throws ERR_DOCUMENT. */
export function importPrompt(prompt: JsonObject, facts: NodeFacts): Imported {
  const report: ImportNote[] = [];
  const nodes = record<DocumentNode>();
  const links: DocumentLink[] = [];
  for (const [id, value] of Object.entries(prompt)) {
    const raw = objectOf(value);
    const type = textOf(raw["class_type"]);
    const values = record<Json>();
    const integers: string[] = [];
    if (facts.get(type) === undefined)
      report.push({
        node: id,
        severity: "warning",
        reason: `The node type "${type}" is not known here: it is kept as it is.`,
      });
    for (const [name, input] of Object.entries(objectOf(raw["inputs"]))) {
      const from = sourceOf(input, prompt, facts);
      if (from !== null) {
        links.push({ from, to: [id, name] });
        continue;
      }
      if (Array.isArray(input) && input.length === 2)
        report.push({
          node: id,
          severity: "warning",
          reason: `"${name}" is a list of two that is no link: a server would take it for one.`,
        });
      if (digitsOf(input) !== null) integers.push(name);
      values[name] = plain(unwrapped(input));
    }
    const { title } = objectOf(raw["_meta"]);
    const isTitled = typeof title === "string" && title !== (facts.get(type)?.title ?? type);
    const rest = Object.entries(raw).filter(([key]) => !SAID.has(key));
    nodes[id] = {
      type: type === "" ? "unknown" : type,
      ...(isTitled ? { title } : {}),
      values,
      ...(rest.length === 0 && integers.length === 0
        ? {}
        : {
            comfy: {
              ...(integers.length === 0 ? {} : { integers }),
              prompt: Object.fromEntries(rest),
            },
          }),
    };
  }
  const places = layeredLayout(nodes, links);
  for (const [id, at] of places) {
    const node = nodes[id];
    if (node !== undefined) nodes[id] = { ...node, at };
  }
  const document = { umbel: DOCUMENT_VERSION, nodes, links } as unknown as Json;
  return { document: parseDocument(document), report };
}

function sourceOf(value: Json, prompt: JsonObject, facts: NodeFacts): [string, string] | null {
  const [node, slot, ...more] = listOf(value);
  const id = idOf(node);
  if (more.length > 0 || id === null || typeof slot !== "number" || !Number.isInteger(slot))
    return null;
  if (slot < 0 || !Object.hasOwn(prompt, id)) return null;
  const outputs = facts.get(textOf(objectOf(prompt[id])["class_type"]))?.outputs;
  return [id, outputs?.[slot]?.name ?? `output ${slot}`];
}

/** Lists are wrapped so that no server takes them for links. */
function unwrapped(value: Json): Json {
  if (!isObject(value)) return value;
  const list = value["__value__"];
  return Object.keys(value).length === 1 && Array.isArray(list) ? list : value;
}
