/** A prompt (ComfyUI's API format) before it becomes a document: its form, the types of its values, its outputs. */
import {
  digitsOf,
  listOf,
  objectOf,
  textOf,
  type JsonObject,
} from "#runtime/graph/comfy/comfy-json";
import { isObject, type Json } from "#runtime/graph/json";
import type { InputDescription, NodeDescriptions } from "#runtime/protocol/node-description";
import { error, type PromptError } from "./node-errors.ts";

/** Why this cannot be read as nodes; null when it can. */
export function malformed(prompt: JsonObject): PromptError | null {
  for (const [id, node] of Object.entries(prompt)) {
    if (isObject(node) && typeof node["class_type"] === "string" && node["class_type"] !== "")
      continue;
    return error(
      "invalid_prompt",
      "Cannot execute because a node is missing the class_type property.",
      `Node ID '#${id}'`,
    );
  }
  return null;
}

/** Ids of the nodes that a node takes something from. */
function sources(node: JsonObject, prompt: JsonObject): string[] {
  return Object.values(objectOf(node["inputs"])).flatMap((value) => {
    const [id, slot] = listOf(value);
    const known = typeof id === "string" && typeof slot === "number" && Object.hasOwn(prompt, id);
    return known && listOf(value).length === 2 ? [id] : [];
  });
}

/** The node and everything that it needs. */
export function neededBy(id: string, prompt: JsonObject): ReadonlySet<string> {
  const needed = new Set<string>();
  const open = [id];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (needed.has(next)) continue;
    needed.add(next);
    open.push(...sources(objectOf(prompt[next]), prompt));
  }
  return needed;
}

/** Output node -> what it needs; of all output nodes, or of those in `targets`. */
export function outputsOf(
  prompt: JsonObject,
  descriptions: NodeDescriptions,
  targets: readonly string[] | null,
): ReadonlyMap<string, ReadonlySet<string>> {
  const ids = Object.keys(prompt).filter((id) => {
    const type = textOf(objectOf(prompt[id])["class_type"]);
    return descriptions.get(type)?.output === true && (targets === null || targets.includes(id));
  });
  return new Map(ids.map((id) => [id, neededBy(id, prompt)]));
}

/** The part of a prompt that some nodes make up. */
export function partOf(prompt: JsonObject, nodes: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(prompt).filter(([id]) => nodes.has(id)));
}

/** Values as the types of their inputs, as ComfyUI converts them: "20" for a whole number becomes 20. */
export function coercePrompt(prompt: JsonObject, descriptions: NodeDescriptions): JsonObject {
  return Object.fromEntries(
    Object.entries(prompt).map(([id, value]) => {
      const node = objectOf(value);
      const known = descriptions.get(textOf(node["class_type"]))?.inputs ?? [];
      const byName = new Map(known.map((input) => [input.name, input]));
      const inputs = Object.entries(objectOf(node["inputs"])).map(([name, given]) => {
        const input = byName.get(name);
        return [name, input === undefined ? given : coerce(given, input.kind)];
      });
      return [id, { ...node, inputs: Object.fromEntries(inputs) as JsonObject }];
    }),
  );
}

function coerce(value: Json, kind: InputDescription["kind"]): Json {
  if (digitsOf(value) !== null) return value;
  switch (kind) {
    case "int":
    case "seed":
      if (typeof value === "boolean") return Number(value);
      if (typeof value === "number") return Math.trunc(value);
      return typeof value === "string" && /^\s*[+-]?\d{1,15}\s*$/.test(value)
        ? Number(value)
        : value;
    case "float":
      if (typeof value === "boolean") return Number(value);
      return typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value))
        ? Number(value)
        : value;
    case "text":
      return typeof value === "number" || typeof value === "boolean" ? String(value) : value;
    case "boolean":
      return typeof value === "number" ? value !== 0 : value;
    default:
      return value;
  }
}
