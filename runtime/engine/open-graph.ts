/** A graph of any known format: JSON, ours or ComfyUI's, or a picture or clip that carries one. */
import { open, readFile } from "node:fs/promises";
import { UmbelError } from "#runtime/errors";
import { compactComfyJson, objectOf, parseComfyJson } from "#runtime/graph/comfy/comfy-json";
import { importComfy, isComfy } from "#runtime/graph/comfy/import";
import type { Imported } from "#runtime/graph/comfy/import-graph";
import type { NodeFacts } from "#runtime/graph/comfy/node-facts";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import { isObject, parseJson, type Json } from "#runtime/graph/json";
import { embeddedGraphOf, readEmbeddedGraph } from "#runtime/media/embedded-graph";
import { fileKind } from "#runtime/media/file-kind";
import { loadNodeFacts } from "./node-facts.ts";

const HEAD_BYTES = 64;

/** As `openDocument`, with what is known of node classes here. */
export async function readDocument(path: string): Promise<GraphDocument> {
  return (await openDocument(path)).document;
}

/** The document, and what of a ComfyUI file was repaired or is not known. Throws ERR_FILE, ERR_MEDIA, ERR_DOCUMENT. */
export async function openDocument(
  path: string,
  facts: () => Promise<NodeFacts> = loadNodeFacts,
): Promise<Imported> {
  const isMedia = isCarrier(await readHead(path), path);
  const text = isMedia ? embeddedText(await readEmbeddedGraph(path), path) : await readText(path);
  return importText(text, facts);
}

/** The same of a file in memory; `name` is for messages. Throws ERR_MEDIA, ERR_DOCUMENT. */
export async function openGraphBytes(
  name: string,
  bytes: Uint8Array,
  facts: NodeFacts,
): Promise<Imported> {
  const text = isCarrier(bytes.subarray(0, HEAD_BYTES), name)
    ? embeddedText(await embeddedGraphOf(bytes, name), name)
    : textOf(bytes);
  return importText(text, () => Promise.resolve(facts));
}

async function importText(text: string, facts: () => Promise<NodeFacts>): Promise<Imported> {
  // Python writes numbers that JSON has not.
  if (isComfy(parseComfyJson(text, "a graph"))) return importComfy(text, await facts());
  const json = parseJson(text);
  if (isObject(json) && !("umbel" in json)) throw foreign(json);
  return { document: parseDocument(json), report: [] };
}

function foreign(json: { readonly [key: string]: Json }): UmbelError {
  const keys = Object.keys(json).slice(0, 6).join(", ") || "(none)";
  return new UmbelError(
    "ERR_DOCUMENT",
    `Expected an Umbel document (with "umbel") or a ComfyUI workflow (with "nodes", or nodes that have a class_type), got an object with keys ${keys}.`,
  );
}

/** Editors and shells of Windows write UTF-16 with a mark. */
function textOf(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const isLittle = first === 0xff && second === 0xfe;
  const isBig = first === 0xfe && second === 0xff;
  return new TextDecoder(isLittle ? "utf-16le" : isBig ? "utf-16be" : "utf-8").decode(bytes);
}

function isSound(head: Uint8Array): boolean {
  return /^(fLaC|OggS|ID3)/.test(Buffer.from(head).toString("latin1"));
}

/** True for files that may carry a graph, false for text. Throws ERR_MEDIA for other pictures and damaged ones. */
function isCarrier(head: Uint8Array, name: string): boolean {
  const kind = fileKind(head);
  if (isSound(head)) return true;
  if (kind === null) {
    const isJson = /^[\uFEFF\s]*\{/.test(new TextDecoder().decode(head));
    if (isJson || !/\.(png|webp|mp4|webm)$/i.test(name)) return false;
    throw new UmbelError(
      "ERR_MEDIA",
      `Expected a picture or clip in ${name}, as its name says, got other contents. The file is damaged.`,
    );
  }
  if (["png", "webp", "mp4", "webm"].includes(kind)) return true;
  throw new UmbelError(
    "ERR_MEDIA",
    `Expected a graph as JSON, or PNG, WebP, MP4, WebM, FLAC, Ogg or MP3 that carries one, got ${kind.toUpperCase()} in ${name}.`,
  );
}

/** Our own form first, then the graph that a person arranged, then what ran. */
function embeddedText(tags: Readonly<Record<string, string>>, name: string): string {
  const text =
    tags["umbel"] ?? tags["workflow"] ?? tags["prompt"] ?? commentText(tags["comment"] ?? "");
  if (text === undefined)
    throw new UmbelError("ERR_DOCUMENT", `Expected a graph embedded in ${name}, got none.`);
  return text;
}

/** The same in a comment: JSON whose entries are graphs, or the text of them. */
function commentText(comment: string): string | undefined {
  let entries: Json;
  try {
    entries = parseComfyJson(comment);
  } catch {
    return undefined;
  }
  const { umbel, workflow, prompt } = objectOf(entries);
  const graph = umbel ?? workflow ?? prompt;
  if (typeof graph === "string") return graph;
  return isObject(graph) ? compactComfyJson(graph) : undefined;
}

async function readHead(path: string): Promise<Uint8Array> {
  return reading(path, async () => {
    await using file = await open(path, "r");
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
    return head.subarray(0, bytesRead);
  });
}

function readText(path: string): Promise<string> {
  return reading(path, async () => textOf(await readFile(path)));
}

async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "an error";
    throw new UmbelError("ERR_FILE", `Expected to read the graph ${path}, got ${code}.`, { cause });
  }
}
