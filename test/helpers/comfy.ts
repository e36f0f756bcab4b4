import type { Json } from "#runtime/graph/json";
import {
  formatComfyJson,
  objectOf,
  parseComfyJson,
  type JsonObject,
} from "#runtime/graph/comfy/comfy-json";
import { exportGraph } from "#runtime/graph/comfy/export-graph";
import { exportPrompt } from "#runtime/graph/comfy/export-prompt";
import { importComfy } from "#runtime/graph/comfy/import";
import type { Imported } from "#runtime/graph/comfy/import-graph";
import type { NodeFacts } from "#runtime/graph/comfy/node-facts";
import { objectInfoFacts } from "#runtime/graph/comfy/object-info";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import { serializeDocument } from "#runtime/graph/serialize";

type Specs = Readonly<Record<string, readonly Json[]>>;

/** A class as `object_info` describes it. */
export function classInfo(required: Specs, outputs: readonly string[] = [], optional: Specs = {}) {
  return {
    input: { required, optional },
    input_order: { required: Object.keys(required), optional: Object.keys(optional) },
    output: outputs,
    output_name: outputs,
    display_name: null,
  };
}

/** A few classes that the tests' graphs are made of. */
export const CLASSES: Readonly<Record<string, Json>> = {
  Load: classInfo({ name: [["a.safetensors", "b.safetensors"]] }, ["MODEL", "CLIP", "VAE"]),
  Encode: classInfo({ text: ["STRING", { dynamicPrompts: true }], clip: ["CLIP"] }, [
    "CONDITIONING",
  ]),
  Latent: classInfo({ width: ["INT", { default: 512 }], height: ["INT", { default: 512 }] }, [
    "LATENT",
  ]),
  Sample: classInfo(
    {
      model: ["MODEL"],
      seed: ["INT", { default: 0 }],
      steps: ["INT", { default: 20 }],
      cfg: ["FLOAT", { default: 8 }],
      sampler: [["euler", "heun"]],
      positive: ["CONDITIONING"],
      latent: ["LATENT"],
    },
    ["LATENT"],
  ),
  Patch: classInfo({ model: ["MODEL"], other: ["MODEL"], scale: ["FLOAT", { default: 1 }] }, [
    "MODEL",
  ]),
  Number: classInfo({ value: ["INT", { default: 7 }] }, ["INT"]),
  Save: classInfo({ samples: ["LATENT"], prefix: ["STRING", { default: "out" }] }),
};

export const FACTS: NodeFacts = objectInfoFacts(CLASSES);

interface NodeParts {
  readonly values?: Json;
  readonly inputs?: readonly JsonObject[];
  readonly outputs?: readonly JsonObject[];
  readonly [key: string]: unknown;
}

export function comfyNode(id: number | string, type: string, parts: NodeParts = {}): JsonObject {
  const { values, inputs = [], outputs = [], ...rest } = parts;
  return {
    id,
    type,
    pos: [0, 0],
    size: [200, 100],
    flags: {},
    order: 0,
    mode: 0,
    inputs,
    outputs,
    properties: {},
    ...(values === undefined ? {} : { widgets_values: values }),
    ...(rest as JsonObject),
  };
}

export const input = (name: string, type: string, link: number | null = null): JsonObject => ({
  name,
  type,
  link,
});

export const widgetInput = (
  name: string,
  type: string,
  link: number | null = null,
): JsonObject => ({
  ...input(name, type, link),
  widget: { name },
});

export const output = (name: string, links: readonly number[] = []): JsonObject => ({
  name,
  type: name,
  links,
});

export function comfyGraph(
  nodes: readonly JsonObject[],
  links: readonly Json[] = [],
  more: JsonObject = {},
): JsonObject {
  const base = {
    last_node_id: 99,
    last_link_id: 99,
    nodes,
    links,
    groups: [],
    config: {},
    extra: {},
  };
  return { ...base, version: 0.4, ...more };
}

export function read(graph: JsonObject, facts: NodeFacts = FACTS): Imported {
  return importComfy(formatComfyJson(graph), facts);
}

/** The document after a trip through text. */
export function trip(document: GraphDocument): GraphDocument {
  return parseDocument(serializeDocument(document));
}

/** Inputs by node id of the prompt that a graph becomes, after a trip through our document. */
export function promptOf(graph: JsonObject, facts: NodeFacts = FACTS): Record<string, JsonObject> {
  return inputsOf(trip(read(graph, facts).document), facts);
}

export function inputsOf(
  document: GraphDocument,
  facts: NodeFacts = FACTS,
): Record<string, JsonObject> {
  const prompt = objectOf(parseComfyJson(formatComfyJson(exportPrompt(document, facts))));
  const entries = Object.entries(prompt).map(([id, node]) => [
    id,
    objectOf(objectOf(node)["inputs"]),
  ]);
  return Object.fromEntries(entries) as Record<string, JsonObject>;
}

/** The graph as it goes out again, after a trip through our document. */
export function again(graph: JsonObject, facts: NodeFacts = FACTS): JsonObject {
  return written(trip(read(graph, facts).document), facts);
}

export function written(document: GraphDocument, facts: NodeFacts = FACTS): JsonObject {
  return objectOf(parseComfyJson(formatComfyJson(exportGraph(document, facts))));
}

export function reasons(graph: JsonObject, facts: NodeFacts = FACTS): string[] {
  return read(graph, facts).report.map(({ node, reason }) => `${node}: ${reason}`);
}
