/**
 * The document: what people edit, save and share. Nodes hold their parameters by name; links join an output socket to
 * an input socket by names. Keys that this version does not know are kept and written back.
 */
import { z } from "zod";
import { UmbelError } from "#runtime/errors";
import { isObject, parseJson, type Json } from "./json.ts";
import { migrate } from "./migrations.ts";

export const DOCUMENT_VERSION = 1;

const json: z.ZodType<Json> = z.json() as z.ZodType<Json>;
const point = z.tuple([z.number(), z.number()]).describe("x, y in canvas units");

const node = z.looseObject({
  type: z.string().min(1).describe("Node class, for example KSampler, or subgraph:<id>"),
  title: z.string().optional().describe("Shown instead of the class's own title"),
  values: z
    .record(z.string(), json)
    .default({})
    .describe("Parameters by name; integers beyond 2^53 as strings of digits"),
  controls: z
    .record(z.string(), z.enum(["fixed", "increment", "decrement", "random"]))
    .optional()
    .describe("What a seed does after it was queued, by parameter; absent: random"),
  state: z
    .enum(["muted", "bypassed"])
    .optional()
    .describe("Muted: not run. Bypassed: its inputs pass through by type"),
  at: point.optional(),
  size: point.optional(),
  collapsed: z.boolean().optional(),
  pinned: z.boolean().optional(),
  color: z.string().optional(),
});

const endpoint = z.tuple([z.string(), z.string()]).describe("node id, socket name");
const link = z.looseObject({ from: endpoint, to: endpoint, via: z.array(point).optional() });

const group = z.looseObject({
  title: z.string(),
  at: point,
  size: point,
  color: z.string().optional(),
  nodes: z.array(z.string()).optional().describe("Members; absent: what lies inside"),
});

const graph = z.looseObject({
  nodes: z.record(z.string(), node).default({}).describe("By node id"),
  links: z.array(link).default([]),
  groups: z.array(group).optional(),
});

const boundary = z.looseObject({
  name: z.string(),
  type: z.string(),
  label: z.string().optional(),
});

const subgraph = graph.extend({
  title: z.string(),
  inputs: z.array(boundary).default([]).describe('Inside, links start at ["$in", name]'),
  outputs: z.array(boundary).default([]).describe('Inside, links end at ["$out", name]'),
});

export const documentSchema = graph
  .extend({
    umbel: z.literal(DOCUMENT_VERSION).describe("Version of this format"),
    id: z.string().optional(),
    title: z.string().optional(),
    description: z.string().optional(),
    subgraphs: z.record(z.string(), subgraph).optional().describe("By subgraph id"),
    view: z.looseObject({ at: point, zoom: z.number() }).optional(),
  })
  .describe("An Umbel graph");

export type GraphDocument = z.infer<typeof documentSchema>;
export type DocumentNode = z.infer<typeof node>;
export type DocumentLink = z.infer<typeof link>;
export type DocumentGraph = z.infer<typeof graph>;
export type Subgraph = z.infer<typeof subgraph>;

/** Prefix of the type of a node that stands for a subgraph. */
export const SUBGRAPH_PREFIX = "subgraph:";
export const BOUNDARY_IN = "$in";
export const BOUNDARY_OUT = "$out";

/** Reads a document, migrating older versions. Throws ERR_DOCUMENT with every problem of form. */
export function parseDocument(source: string | Json): GraphDocument {
  const value = typeof source === "string" ? parseJson(source) : source;
  if (!isObject(value)) {
    throw new UmbelError(
      "ERR_DOCUMENT",
      `Expected a document as a JSON object, got ${describe(value)}.`,
    );
  }
  if (!("umbel" in value)) throw new UmbelError("ERR_DOCUMENT", foreignDocument(value));
  const result = documentSchema.safeParse(migrate(value, DOCUMENT_VERSION));
  if (result.success) return withPlainRecords(result.data);
  const problems = result.error.issues
    .slice(0, 20)
    .map((issue) => `  ${issue.path.join(".")}: ${issue.message}`);
  throw new UmbelError(
    "ERR_DOCUMENT",
    `Expected an Umbel document, got one with ${result.error.issues.length} problem(s) of form:\n${problems.join("\n")}`,
  );
}

/** Names in a document must not find what every object inherits: a node "constructor" exists only when it is there. */
export function withPlainRecords(document: GraphDocument): GraphDocument {
  const subgraphs = document.subgraphs ?? {};
  Object.setPrototypeOf(subgraphs, null);
  for (const { nodes } of [document, ...Object.values(subgraphs)]) {
    Object.setPrototypeOf(nodes, null);
    for (const { values } of Object.values(nodes)) Object.setPrototypeOf(values, null);
  }
  return document;
}

function foreignDocument(value: { readonly [key: string]: Json }): string {
  const seen =
    Array.isArray(value["nodes"]) ||
    Object.values(value).some((v) => isObject(v) && "class_type" in v)
      ? "a ComfyUI workflow"
      : `an object with keys ${Object.keys(value).slice(0, 6).join(", ") || "(none)"}`;
  return `Expected an Umbel document (with "umbel": ${DOCUMENT_VERSION}), got ${seen}.`;
}

function describe(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}

/** JSON Schema (draft 2020-12) of the document format, for editors and other tools. */
export function documentJsonSchema(): Json {
  return z.toJSONSchema(documentSchema, { io: "input" }) as Json;
}
