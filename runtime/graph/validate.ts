/** Every problem of a document at once: form of the links, types, values, cycles, missing inputs. */
import type { NodeDescription, NodeDescriptions } from "#runtime/protocol/node-description";
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  SUBGRAPH_PREFIX,
  type DocumentGraph,
  type GraphDocument,
} from "./document.ts";
import { nearest } from "./nearest.ts";
import { nearestNode } from "./nearest-node.ts";
import type { Problem } from "./problems.ts";
import {
  bySlot,
  resolveGraph,
  type ResolvedGraph,
  type ResolvedNode,
  type SocketLookup,
} from "./resolve.ts";
import { socketsMatch } from "./sockets.ts";
import { validateValue, type Choices } from "./validate-value.ts";
import { keptSockets } from "./virtual-nodes.ts";

export interface Validation {
  readonly problems: readonly Problem[];
  readonly graph: ResolvedGraph;
}

export function validateDocument(
  document: GraphDocument,
  descriptions: NodeDescriptions,
  choices: Choices = () => null,
): Validation {
  const graph = resolveGraph(document, socketLookup(descriptions));
  const problems = [
    ...linkProblems(document, document, ""),
    ...Object.entries(document.subgraphs ?? {}).flatMap(([id, sub]) =>
      linkProblems(document, sub, `${SUBGRAPH_PREFIX}${id}/`),
    ),
  ];
  for (const node of graph.values()) {
    const description = descriptions.get(node.type);
    if (description === undefined) {
      problems.push(unknownType(node, graph, descriptions));
      continue;
    }
    problems.push(...nodeProblems(node, description, graph, descriptions, choices));
  }
  problems.push(...cycleProblems(graph));
  const runnable = [...graph.values()].some((node) => descriptions.get(node.type)?.output === true);
  if (!runnable) {
    problems.push({
      code: "no_output",
      severity: "error",
      message:
        "Expected at least one node that saves or shows something, got none. Add SaveVideo or PreviewImage.",
    });
  }
  return { problems, graph };
}

export function socketLookup(descriptions: NodeDescriptions): SocketLookup {
  return {
    inputs: (type) =>
      bySlot(descriptions.get(type)?.inputs ?? [], (input) => input.kind !== "socket"),
    outputs: (type) => descriptions.get(type)?.outputs ?? [],
  };
}

function nodeProblems(
  { id: node, values, inputs, cut }: ResolvedNode,
  description: NodeDescription,
  graph: ResolvedGraph,
  descriptions: NodeDescriptions,
  choices: Choices,
): Problem[] {
  const problems: Problem[] = [];
  for (const input of description.inputs) {
    const source = inputs[input.name];
    if (source !== undefined) {
      const from = descriptions.get(graph.get(source.node)?.type ?? "");
      const type = from?.outputs.find((output) => output.name === source.output)?.type;
      if (from !== undefined && type === undefined) {
        const names = from.outputs.map((output) => output.name).join(", ") || "none";
        problems.push({
          code: "unknown_socket",
          severity: "error",
          node,
          socket: input.name,
          message: `Expected an output of ${from.type} (${names}), got "${source.output}".`,
        });
      } else if (type !== undefined && !socketsMatch(type, linkType(input.kind, input.type))) {
        problems.push({
          code: "type_mismatch",
          severity: "error",
          node,
          socket: input.name,
          message: `Expected ${input.type} for "${input.name}", got ${type} from ${source.node}.`,
        });
      }
      continue;
    }
    const value = values[input.name];
    if (value === undefined) {
      if (
        !input.optional &&
        (input.kind === "socket" || input.default === undefined || cut.includes(input.name))
      ) {
        problems.push({
          code: "missing_input",
          severity: "error",
          node,
          socket: input.name,
          message: `Expected ${input.kind === "socket" ? `a link of type ${input.type}` : "a value"} for "${input.name}" of ${description.title}, got none.`,
        });
      }
      continue;
    }
    const problem = validateValue(node, input, value, choices);
    if (problem !== null) problems.push(problem);
  }
  const known = new Set(description.inputs.map((input) => input.name));
  for (const name of [...Object.keys(values), ...Object.keys(inputs)]) {
    if (known.has(name)) continue;
    problems.push({
      code: name in inputs ? "unknown_socket" : "unknown_value",
      severity: name in inputs ? "error" : "warning",
      node,
      socket: name,
      message: `Expected an input of ${description.type} (${[...known].join(", ") || "it has none"}), got "${name}".`,
    });
  }
  return problems;
}

/** A combo takes a link of strings or numbers. */
function linkType(kind: string, type: string): string {
  return kind === "combo" || kind === "file" ? "COMBO,STRING,INT,FLOAT" : type;
}

function linkProblems(document: GraphDocument, graph: DocumentGraph, prefix: string): Problem[] {
  const problems: Problem[] = [];
  const taken = new Set<string>();
  for (const link of graph.links) {
    for (const [node, boundary] of [
      [link.from[0], BOUNDARY_IN],
      [link.to[0], BOUNDARY_OUT],
    ] as const) {
      if (graph.nodes[node] === undefined && !(node === boundary && prefix !== "")) {
        problems.push({
          code: "dangling_link",
          severity: "error",
          node: prefix + node,
          message: `Expected a link between existing nodes, got one from ${link.from.join(".")} to ${link.to.join(".")}; there is no node "${node}".`,
        });
      }
    }
    const target = link.to.join(" ");
    if (taken.has(target)) {
      problems.push({
        code: "duplicate_link",
        severity: "error",
        node: prefix + link.to[0],
        socket: link.to[1],
        message: `Expected one link into "${link.to[1]}", got several.`,
      });
    }
    taken.add(target);
  }
  for (const [id, node] of Object.entries(graph.nodes)) {
    const subgraph = node.type.startsWith(SUBGRAPH_PREFIX)
      ? node.type.slice(SUBGRAPH_PREFIX.length)
      : null;
    if (subgraph !== null && document.subgraphs?.[subgraph] === undefined) {
      problems.push({
        code: "unknown_subgraph",
        severity: "error",
        node: prefix + id,
        message: `Expected a subgraph "${subgraph}" in the document, got none of that id.`,
      });
    } else if (subgraph !== null && contains(document, subgraph, subgraph, new Set())) {
      problems.push({
        code: "subgraph_recursion",
        severity: "error",
        node: prefix + id,
        message: `Expected subgraphs that do not contain themselves, got "${subgraph}" inside itself.`,
      });
    }
  }
  return problems;
}

function contains(
  document: GraphDocument,
  outer: string,
  wanted: string,
  seen: Set<string>,
): boolean {
  if (seen.has(outer)) return false;
  seen.add(outer);
  return Object.values(document.subgraphs?.[outer]?.nodes ?? {}).some((node) => {
    if (!node.type.startsWith(SUBGRAPH_PREFIX)) return false;
    const inner = node.type.slice(SUBGRAPH_PREFIX.length);
    return inner === wanted || contains(document, inner, wanted, seen);
  });
}

function cycleProblems(graph: ResolvedGraph): Problem[] {
  const state = new Map<string, "open" | "done">();
  const problems: Problem[] = [];
  const visit = (start: string): void => {
    const stack: { id: string; rest: string[] }[] = [];
    const enter = (id: string): void => {
      state.set(id, "open");
      stack.push({
        id,
        rest: Object.values(graph.get(id)?.inputs ?? {}).map((source) => source.node),
      });
    };
    enter(start);
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top === undefined) return;
      const following = top.rest.pop();
      if (following === undefined) {
        state.set(top.id, "done");
        stack.pop();
      } else if (state.get(following) === "open") {
        const ids = stack.map((entry) => entry.id);
        const loop = [...ids.slice(ids.indexOf(following)), following];
        problems.push({
          code: "cycle",
          severity: "error",
          node: following,
          message: `Expected no node to need its own result, got a loop: ${loop.join(" <- ")}.`,
        });
      } else if (!state.has(following)) enter(following);
    }
  };
  for (const id of graph.keys()) if (!state.has(id)) visit(id);
  return problems;
}

const withNearest = (type: string | null) => (type === null ? {} : { nearest: type });

/** A class that could stand in, or where nothing is known of the node, one whose name may have been mistyped. */
function unknownType(
  node: ResolvedNode,
  graph: ResolvedGraph,
  descriptions: NodeDescriptions,
): Problem {
  const near = nearestNode(node, graph, descriptions);
  const isBare = keptSockets(node.origin, "outputs").length === 0;
  const typed = isBare ? nearest(node.type, [...descriptions.keys()]) : null;
  const hint =
    near !== null
      ? ` The nearest is ${near.type} (${near.title}).`
      : typed !== null
        ? ` The nearest is ${typed}.`
        : "";
  return {
    code: "unknown_node_type",
    severity: "error",
    node: node.id,
    message: `Expected a node type that is installed, got "${node.type}".${hint}`,
    ...withNearest(near?.type ?? typed),
  };
}
