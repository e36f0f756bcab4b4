/** A node as the canvas shows it: sockets, fields and titles, from its description or from what its file kept. */
import {
  SUBGRAPH_PREFIX,
  type DocumentGraph,
  type DocumentNode,
  type GraphDocument,
} from "#runtime/graph/document";
import {
  GET_TYPES,
  keptSockets,
  NOTE_TYPES,
  PASS_THROUGH,
  PRIMITIVE_TYPE,
  SET_TYPES,
} from "#runtime/graph/virtual-nodes";
import type {
  InputDescription,
  NodeDescription,
  NodeDescriptions,
} from "#runtime/protocol/node-description";
import { categoryLook, type CategoryLook } from "./categories.ts";
import { labelsOf, shortLabel } from "./labels.ts";

export interface SocketModel {
  readonly name: string;
  readonly type: string;
  readonly label: string;
  readonly optional: boolean;
}

export interface FieldModel {
  readonly input: InputDescription;
  readonly label: string;
  /** Shows a socket: a link ends at it, or it was made one. */
  readonly socket: boolean;
  readonly linked: boolean;
}

export interface NodeModel {
  readonly kind: "class" | "subgraph" | "note" | "reroute" | "unknown";
  /** Title of the class, or of the subgraph. */
  readonly classTitle: string;
  readonly title: string;
  readonly look: CategoryLook;
  readonly description: NodeDescription | null;
  readonly inputs: readonly SocketModel[];
  readonly outputs: readonly SocketModel[];
  readonly fields: readonly FieldModel[];
}

const NOTE_LOOK: CategoryLook = { tint: "util", icon: "note" };

/**
 * @param linked names of the node's inputs at which links end
 * @param used names of its outputs at which links begin
 */
export function nodeModel(
  document: GraphDocument,
  node: DocumentNode,
  linked: ReadonlySet<string>,
  descriptions: NodeDescriptions,
  used: ReadonlySet<string> = new Set(),
): NodeModel {
  if (NOTE_TYPES.has(node.type)) return plain(node, "note", "Note", NOTE_LOOK);
  if (node.type.startsWith(SUBGRAPH_PREFIX))
    return subgraphModel(document, node, linked, descriptions, used);
  if (SET_TYPES.has(node.type) || GET_TYPES.has(node.type)) return channelModel(node);
  if (PASS_THROUGH.has(node.type)) {
    return {
      ...plain(node, "reroute", "Reroute", { tint: "util", icon: "nodes" }),
      inputs: [{ name: "input", type: "*", label: "", optional: false }],
      outputs: [{ name: "output", type: "*", label: "", optional: false }],
    };
  }
  if (node.type === PRIMITIVE_TYPE) return primitiveModel(node);
  const description = descriptions.get(node.type);
  if (description === undefined) return unknownModel(node, linked, used);
  return classModel(node, description, linked);
}

function plain(
  node: DocumentNode,
  kind: NodeModel["kind"],
  classTitle: string,
  look: CategoryLook,
): NodeModel {
  return {
    kind,
    classTitle,
    title: node.title ?? classTitle,
    look,
    description: null,
    inputs: [],
    outputs: [],
    fields: [],
  };
}

/** Fields that people made sockets, under a key of their own. */
export function exposedFields(node: DocumentNode): readonly string[] {
  const exposed: unknown = node["sockets"];
  return Array.isArray(exposed) ? exposed.filter((name) => typeof name === "string") : [];
}

function classModel(
  node: DocumentNode,
  description: NodeDescription,
  linked: ReadonlySet<string>,
): NodeModel {
  const labels = labelsOf(description.inputs.map(({ name }) => name));
  const exposed = exposedFields(node);
  return {
    ...plain(node, "class", description.title, categoryLook(description)),
    description,
    inputs: description.inputs
      .filter(({ kind }) => kind === "socket")
      .map(({ name, type, optional }) => ({ name, type, optional, label: labels.get(name)! })),
    outputs: description.outputs.map(outputModel),
    fields: description.inputs
      .filter(({ kind }) => kind !== "socket")
      .map((input) => ({
        input,
        label: labels.get(input.name)!,
        linked: linked.has(input.name),
        socket: linked.has(input.name) || exposed.includes(input.name),
      })),
  };
}

const outputModel = ({ name, type }: { readonly name: string; readonly type: string }) => ({
  name,
  type,
  label:
    shortLabel(name) === ""
      ? name
      : name === name.toUpperCase()
        ? name.toLowerCase()
        : shortLabel(name),
  optional: false,
});

/** Sockets that the file kept, or those that links name when it kept none. */
function unknownModel(
  node: DocumentNode,
  linked: ReadonlySet<string>,
  used: ReadonlySet<string>,
): NodeModel {
  const sockets = (side: "inputs" | "outputs", named: ReadonlySet<string>) => {
    const kept = keptSockets(node, side);
    const known = new Set(kept.map(({ name }) => name));
    const others = [...named].filter((name) => !known.has(name) && !(name in node.values));
    return [...kept, ...others.map((name) => ({ name, type: "*" }))].map(socket);
  };
  const socket = ({ name, type }: { name: string; type: string }) => ({
    name,
    type,
    label: shortLabel(name) === "" ? name : shortLabel(name),
    optional: true,
  });
  return {
    ...plain(node, "unknown", node.type, { tint: "util", icon: "help" }),
    inputs: sockets("inputs", linked),
    outputs: sockets("outputs", used),
    fields: Object.keys(node.values).map((name) => ({
      input: { name, type: "*", kind: "text", optional: true },
      label: shortLabel(name) === "" ? name : shortLabel(name),
      linked: false,
      socket: false,
    })),
  };
}

function channelModel(node: DocumentNode): NodeModel {
  const sets = SET_TYPES.has(node.type);
  const socket = { type: "*", label: "", optional: false };
  return {
    ...plain(node, "class", sets ? "Set channel" : "Get channel", { tint: "util", icon: "nodes" }),
    inputs: sets ? [{ name: "input", ...socket }] : [],
    outputs: [{ name: "output", ...socket }],
    fields: [
      {
        input: { name: "channel", type: "STRING", kind: "text", optional: false, default: "" },
        label: "channel",
        linked: false,
        socket: false,
      },
    ],
  };
}

function primitiveModel(node: DocumentNode): NodeModel {
  const { value } = node.values;
  const kind =
    typeof value === "number" ? "float" : typeof value === "boolean" ? "boolean" : "text";
  return {
    ...plain(node, "class", "Value", { tint: "util", icon: "settings" }),
    outputs: [{ name: "value", type: "*", label: "value", optional: false }],
    fields: [
      {
        input: { name: "value", type: "*", kind, optional: false },
        label: "value",
        linked: false,
        socket: false,
      },
    ],
  };
}

/** An input of a subgraph that leads to a field inside is a field outside: it was promoted. */
function promotedInput(
  subgraph: DocumentGraph,
  name: string,
  descriptions: NodeDescriptions,
): InputDescription | null {
  for (const { from, to } of subgraph.links) {
    if (from[0] !== "$in" || from[1] !== name) continue;
    const inner = subgraph.nodes[to[0]];
    const input = descriptions
      .get(inner?.type ?? "")
      ?.inputs.find((candidate) => candidate.name === to[1] && candidate.kind !== "socket");
    if (inner === undefined || input === undefined) continue;
    const value = inner.values[to[1]];
    return { ...input, name, ...(value === undefined ? {} : { default: value }) };
  }
  return null;
}

function subgraphModel(
  document: GraphDocument,
  node: DocumentNode,
  linked: ReadonlySet<string>,
  descriptions: NodeDescriptions,
  used: ReadonlySet<string>,
): NodeModel {
  const subgraph = document.subgraphs?.[node.type.slice(SUBGRAPH_PREFIX.length)];
  const look: CategoryLook = { tint: "util", icon: "subgraph" };
  if (subgraph === undefined)
    return { ...unknownModel(node, linked, used), classTitle: "Missing subgraph", look };
  const inputs: SocketModel[] = [];
  const fields: FieldModel[] = [];
  const exposed = exposedFields(node);
  for (const { name, type, label = shortLabel(name) } of subgraph.inputs) {
    const promoted = promotedInput(subgraph, name, descriptions);
    if (promoted === null) inputs.push({ name, type, label, optional: true });
    else {
      const isLinked = linked.has(name);
      const socket = isLinked || exposed.includes(name);
      fields.push({ input: promoted, label, linked: isLinked, socket });
    }
  }
  return {
    ...plain(node, "subgraph", subgraph.title, look),
    inputs,
    outputs: subgraph.outputs.map((output) => ({
      ...outputModel(output),
      ...(output.label === undefined ? {} : { label: output.label }),
    })),
    fields,
  };
}
