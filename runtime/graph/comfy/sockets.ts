/** Names and types of a node's sockets by slot, as documents call them. */
import { uniqueNames } from "#runtime/graph/unique-names";
import { SUBGRAPH_PREFIX, type DocumentNode, type Subgraph } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { keptSockets, PASS_THROUGH } from "#runtime/graph/virtual-nodes";
import { boundaryName } from "./boundaries.ts";
import { idOf, listOf, objectOf, type JsonObject } from "./comfy-json.ts";
import { type NodeFact, type NodeFacts } from "./node-facts.ts";
import { typeName } from "./object-info.ts";

export interface Socket {
  readonly name: string;
  readonly type: string;
  /** Id of the link that the file gives an input. */
  readonly link?: string | null;
  /** What the file calls an output that its class names otherwise. */
  readonly alias?: string;
}

export function isCalled({ name, alias }: Socket, wanted: string): boolean {
  return name === wanted || alias === wanted;
}

export interface NodeSockets {
  /** By slot of the file; a new node's are those of its class without widgets. */
  readonly inputs: readonly Socket[];
  readonly outputs: readonly Socket[];
}

/** Inputs and outputs of subgraphs, by id. */
export type Boundaries = Readonly<Record<string, Pick<Subgraph, "inputs" | "outputs">>>;

/** The node as its file had it, without what the document says itself. */
export function fileOf(element: { readonly [key: string]: unknown }): JsonObject {
  return objectOf(objectOf(element["comfy"] as Json | undefined)["file"]);
}

export function socketsOf(
  node: DocumentNode,
  facts: NodeFacts,
  boundaries: Boundaries,
): NodeSockets {
  const file = fileOf(node);
  const inputs = listOf(file["inputs"]).map(objectOf);
  const outputs = listOf(file["outputs"]).map(objectOf);
  if (PASS_THROUGH.has(node.type)) {
    const type = typeName(outputs[0]?.["type"]);
    const link = idOf(inputs[0]?.["link"]);
    return { inputs: [{ name: "input", type: "*", link }], outputs: [{ name: "output", type }] };
  }
  if (node.type.startsWith(SUBGRAPH_PREFIX)) {
    const id = node.type.slice(SUBGRAPH_PREFIX.length);
    const subgraph = Object.hasOwn(boundaries, id) ? boundaries[id] : undefined;
    return subgraphSockets(inputs, outputs, subgraph);
  }
  const fact = facts.get(node.type);
  return {
    inputs: Array.isArray(file["inputs"]) ? named(inputs, "input") : classInputs(fact),
    outputs: outputSockets(keptSockets(node, "outputs"), fact),
  };
}

function named(entries: readonly JsonObject[], what: string): Socket[] {
  const names = uniqueNames(
    entries.map(({ name }, i) => (typeof name === "string" && name !== "" ? name : `${what} ${i}`)),
  );
  return entries.map((entry, i) => ({
    name: names[i] ?? "",
    type: typeName(entry["type"]),
    link: idOf(entry["link"]),
  }));
}

function classInputs(fact: NodeFact | undefined): readonly Socket[] {
  return fact?.inputs.filter((input) => input.widget === undefined) ?? [];
}

/** Outputs go by their place: their names may be translated. */
function outputSockets(own: readonly Socket[], fact: NodeFact | undefined): Socket[] {
  const known = fact?.outputs ?? [];
  return Array.from({ length: Math.max(own.length, known.length) }, (_, i) => {
    const alias = own[i]?.name ?? `output ${i}`;
    const socket = known[i] ?? own[i] ?? { name: alias, type: "*" };
    // A name of the file that is another output's here would lead astray.
    return known.some(({ name }) => name === alias) ? socket : { ...socket, alias };
  });
}

function subgraphSockets(
  inputs: readonly JsonObject[],
  outputs: readonly JsonObject[],
  subgraph: Pick<Subgraph, "inputs" | "outputs"> | undefined,
): NodeSockets {
  if (subgraph === undefined)
    return { inputs: named(inputs, "input"), outputs: named(outputs, "output") };
  const match = (
    entries: readonly JsonObject[],
    all: readonly Socket[],
    what: string,
  ): Socket[] => {
    if (entries.length === 0) return [...all];
    const own = named(entries, what);
    const names = own.map((socket) => socket.name);
    return own.map((socket, i) => {
      const name = boundaryName(all, names, i) ?? socket.name;
      return {
        ...socket,
        name,
        type: all.find((boundary) => boundary.name === name)?.type ?? socket.type,
      };
    });
  };
  return {
    inputs: match(inputs, subgraph.inputs, "input"),
    outputs: match(outputs, subgraph.outputs, "output"),
  };
}
