/** What two results' documents say differently: parameters first, then nodes that only one of them has. */
import type { DocumentNode, GraphDocument } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import type { NodeDescriptions } from "#runtime/protocol/node-description";
import { groupedText } from "../figures.ts";

export interface Difference {
  readonly node: string;
  /** Title of the node, or the name of the parameter. */
  readonly label: string;
  /** Null where that side has no such node or parameter. */
  readonly a: string | null;
  readonly b: string | null;
}

export interface DocumentComparison {
  readonly differ: readonly Difference[];
  /** Parameters worth repeating that are the same. */
  readonly same: readonly { readonly label: string; readonly value: string }[];
  /** The prompt that both share. */
  readonly prompt: string | null;
}

/** Where a file lands says nothing about the picture. */
const UNTOLD: ReadonlySet<string> = new Set(["filename_prefix", "format", "codec"]);
const PROMPT_TYPES: ReadonlySet<string> = new Set(["CLIPTextEncode"]);

export function compareDocuments(
  a: GraphDocument,
  b: GraphDocument,
  descriptions: NodeDescriptions,
): DocumentComparison {
  const differ: Difference[] = [];
  const same: { label: string; value: string }[] = [];
  const pairs = pairNodes(a, b);
  let prompt: string | null = null;
  for (const { id, left, right } of pairs) {
    const title = titleOf(left ?? right, descriptions);
    if (left === null || right === null || left.state !== right.state) {
      differ.push({ node: id, label: title, a: presence(left), b: presence(right) });
      if (left === null || right === null) continue;
    }
    for (const name of valueNames(left, right)) {
      const [x, y] = [left.values[name], right.values[name]];
      const label = valueLabel(name, id, pairs, title);
      if (equal(x, y)) {
        if (PROMPT_TYPES.has(left.type) && name === "text" && typeof x === "string" && x !== "") {
          prompt ??= x;
        } else if (x !== undefined && x !== "") same.push({ label, value: valueText(x) });
      } else differ.push({ node: id, label, a: maybeText(x), b: maybeText(y) });
    }
  }
  return { differ, same, prompt };
}

/** The part of a document that makes what a node saves: what else the graph does says nothing about it. */
export function documentOf(document: GraphDocument, node: string | null): GraphDocument {
  if (node === null || document.nodes[node] === undefined) return document;
  const kept = new Set([node]);
  const waiting = [node];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const { from, to } of document.links) {
      if (to[0] !== at || kept.has(from[0])) continue;
      kept.add(from[0]);
      waiting.push(from[0]);
    }
  }
  const nodes = Object.entries(document.nodes).filter(([id]) => kept.has(id));
  return { ...document, nodes: Object.fromEntries(nodes) };
}

interface NodePair {
  readonly id: string;
  readonly left: DocumentNode | null;
  readonly right: DocumentNode | null;
}

/** By id where the class agrees; what is left, by class in order: a graph built anew has other ids. */
function pairNodes(a: GraphDocument, b: GraphDocument): NodePair[] {
  const pairs: NodePair[] = [];
  const free = new Map(Object.entries(b.nodes));
  const alone: [string, DocumentNode][] = [];
  for (const [id, left] of Object.entries(a.nodes)) {
    const right = free.get(id);
    if (right?.type === left.type) {
      pairs.push({ id, left, right });
      free.delete(id);
    } else alone.push([id, left]);
  }
  for (const [id, left] of alone) {
    const match = [...free].find(([, node]) => node.type === left.type);
    if (match !== undefined) free.delete(match[0]);
    pairs.push({ id, left, right: match?.[1] ?? null });
  }
  for (const [id, right] of free) pairs.push({ id, left: null, right });
  return pairs;
}

function valueNames(left: DocumentNode, right: DocumentNode): string[] {
  const names = new Set([...Object.keys(left.values), ...Object.keys(right.values)]);
  return [...names].filter((name) => !UNTOLD.has(name) && !name.startsWith("control_"));
}

/** "decay factor", and with its node's title where two nodes have one of that name. */
function valueLabel(name: string, id: string, pairs: readonly NodePair[], title: string): string {
  const plain = name.replace(/_name$/, "").replaceAll("_", " ");
  const others = pairs.some(
    (pair) => pair.id !== id && name in (pair.left?.values ?? pair.right?.values ?? {}),
  );
  return others ? `${title}: ${plain}` : plain;
}

function presence(node: DocumentNode | null): string | null {
  return node === null ? null : (node.state ?? "in use");
}

function titleOf(node: DocumentNode | null, descriptions: NodeDescriptions): string {
  if (node === null) return "";
  return node.title ?? descriptions.get(node.type)?.title ?? node.type;
}

function maybeText(value: Json | undefined): string | null {
  return value === undefined ? null : valueText(value);
}

export function valueText(value: Json): string {
  if (typeof value === "number") {
    return Number.isInteger(value) ? groupedText(String(value)) : trimmed(value);
  }
  if (typeof value === "string") return groupedText(value.replace(/\.safetensors$/, ""));
  if (typeof value === "boolean") return value ? "on" : "off";
  return JSON.stringify(value);
}

function trimmed(value: number): string {
  return value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}

function equal(a: Json | undefined, b: Json | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
