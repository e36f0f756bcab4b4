/** Nodes that exist in documents only: they vanish when a graph is resolved. */
import type { DocumentGraph } from "./document.ts";
import { isObject, type Json } from "./json.ts";
import { uniqueNames } from "./unique-names.ts";

export const NOTE_TYPES: ReadonlySet<string> = new Set([
  "Note",
  "MarkdownNote",
  "Label (rgthree)",
  "Bookmark (rgthree)",
]);

/** Switches of rgthree-comfy that act on other nodes in ComfyUI's editor; nothing of them runs. */
const SWITCH_TYPES: ReadonlySet<string> = new Set([
  "Fast Muter (rgthree)",
  "Fast Bypasser (rgthree)",
  "Fast Groups Muter (rgthree)",
  "Fast Groups Bypasser (rgthree)",
  "Fast Actions Button (rgthree)",
  "Mute / Bypass Relay (rgthree)",
  "Mute / Bypass Repeater (rgthree)",
  "Node Collector (rgthree)",
  "Random Unmuter (rgthree)",
]);

/** Its value goes to every parameter that it is linked to. */
export const PRIMITIVE_TYPE = "PrimitiveNode";

/** A SetNode names what flows into it; a GetNode of the same channel gives it. */
export const SET_TYPES: ReadonlySet<string> = new Set(["SetNode", "easy setNode"]);
export const GET_TYPES: ReadonlySet<string> = new Set(["GetNode", "easy getNode"]);

/** One input named "input", one output named "output" that gives the same. */
export const PASS_THROUGH: ReadonlySet<string> = new Set([
  "Reroute",
  "Reroute (rgthree)",
  ...SET_TYPES,
  ...GET_TYPES,
]);

export function isVirtual(type: string): boolean {
  return (
    NOTE_TYPES.has(type) ||
    SWITCH_TYPES.has(type) ||
    PASS_THROUGH.has(type) ||
    type === PRIMITIVE_TYPE
  );
}

/** The first node, in the order of the file, that sets the channel. */
export function findSetter(graph: DocumentGraph, channel: Json): string | undefined {
  const comfy = isObject(graph["comfy"]) ? graph["comfy"] : {};
  const listed = listOf(comfy["order"]).filter((id): id is string => typeof id === "string");
  return [...listed, ...Object.keys(graph.nodes)].find((id) => {
    const node = Object.hasOwn(graph.nodes, id) ? graph.nodes[id] : undefined;
    return node !== undefined && SET_TYPES.has(node.type) && node.values["channel"] === channel;
  });
}

export interface KeptSocket {
  readonly name: string;
  readonly type: string;
}

/**
 * Sockets of a node whose class is not known, as the file that it came from lists them. Outputs that its class named
 * otherwise when the file was read have those names.
 */
export function keptSockets(
  node: { readonly [key: string]: unknown },
  side: "inputs" | "outputs",
): readonly KeptSocket[] {
  const comfy = isObject(node["comfy"]) ? node["comfy"] : {};
  const file = isObject(comfy["file"]) ? comfy["file"] : {};
  const entries = listOf(file[side]).map((entry) => (isObject(entry) ? entry : {}));
  const given = side === "outputs" ? listOf(comfy["outputs"]) : [];
  const names = uniqueNames(
    Array.from({ length: Math.max(entries.length, given.length) }, (_, i) => {
      const name = given[i] ?? entries[i]?.["name"];
      return typeof name === "string" && name !== "" ? name : `${side.slice(0, -1)} ${i}`;
    }),
  );
  return names.map((name, i) => {
    const type = entries[i]?.["type"];
    return { name, type: typeof type === "string" ? type : "*" };
  });
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}
