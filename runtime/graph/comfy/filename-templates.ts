/**
 * Templates in the names of files to save, as ComfyUI's editor fills them before a graph is sent: %date:yyyy-MM-dd% and
 * %Node.widget%. What it leaves to the server (%width%, %year% and the like) stays.
 */
import type { DocumentNode, GraphDocument } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { objectOf } from "./comfy-json.ts";
import type { NodeFacts } from "./node-facts.ts";
import { fileOf } from "./sockets.ts";

const FIELD = "filename_prefix";
/** Classes whose name of a file is filled; others may mean something else by percent signs. */
const SAVERS: ReadonlySet<string> = new Set([
  "SaveImage",
  "SaveVideo",
  "SaveAnimatedWEBP",
  "SaveAnimatedPNG",
  "SaveWEBM",
  "SaveAudio",
  "SaveAudioMP3",
  "SaveAudioOpus",
  "SaveGLB",
  "SaveLatent",
  "CLIPSave",
  "VAESave",
  "ModelSave",
  "LoraSave",
  "VHS_VideoCombine",
]);

export function hasTemplate(type: string, name: string): boolean {
  return name === FIELD && SAVERS.has(type);
}

/** Fills names of one document. What names no node or no value of it stays. */
export function templateFiller(
  document: GraphDocument,
  facts: NodeFacts,
  now: Date,
): (text: string) => string {
  const nodes = [document, ...Object.values(document.subgraphs ?? {})].flatMap((level) =>
    Object.values(level.nodes),
  );
  const find = (name: string): DocumentNode | undefined =>
    nodes.find((node) => searchName(node) === name) ??
    nodes.find((node) => (node.title ?? facts.get(node.type)?.title ?? node.type) === name);
  return (text) =>
    text.replace(/%([^%]+)%/g, (whole, field: string) => {
      if (field.startsWith("date:")) return formatDate(field.slice("date:".length), now);
      const [name, widget, ...more] = field.split(".");
      if (name === undefined || widget === undefined || more.length > 0) return whole;
      const node = find(name);
      const value = node === undefined ? undefined : valueOf(node, widget, facts);
      return value === undefined ? whole : fileNamePart(value);
    });
}

/** "Node name for S&R" of the file; the class of a node that came from none. */
function searchName(node: DocumentNode): string {
  const name = objectOf(fileOf(node)["properties"])["Node name for S&R"];
  return typeof name === "string" ? name : node.type;
}

function valueOf(node: DocumentNode, widget: string, facts: NodeFacts): Json | undefined {
  if (Object.hasOwn(node.values, widget)) return node.values[widget];
  return facts.get(node.type)?.inputs.find((input) => input.name === widget)?.default;
}

function fileNamePart(value: Json): string {
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.replaceAll(/[/?<>\\:*|"\p{Cc}]/gu, "_");
}

/** d, M, h, m, s with as many digits as letters at least; yy and yyyy. */
function formatDate(pattern: string, date: Date): string {
  const parts: Readonly<Record<string, number>> = {
    d: date.getDate(),
    M: date.getMonth() + 1,
    h: date.getHours(),
    m: date.getMinutes(),
    s: date.getSeconds(),
  };
  const year = String(date.getFullYear());
  return pattern.replace(/dd?|MM?|hh?|mm?|ss?|yyyy|yy/g, (part) => {
    if (part === "yyyy") return year;
    if (part === "yy") return year.slice(2);
    return String(parts[part.charAt(0)] ?? part).padStart(part.length, "0");
  });
}
