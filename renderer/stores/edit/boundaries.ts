/** Inputs and outputs of a subgraph, made by drawing wires to its edge. */
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  type DocumentGraph,
  type Subgraph,
} from "#runtime/graph/document";
import { connect, type Socket } from "./links.ts";
import { freeId } from "./nodes.ts";

/** Stands for a socket that is not there yet. */
export const NEW_SOCKET = "+";

const isSubgraph = (graph: DocumentGraph): graph is Subgraph =>
  Array.isArray(graph["inputs"]) && Array.isArray(graph["outputs"]);

/** Joins two sockets; one at the edge of the subgraph that is not there yet is made, with the type and name of the other. */
export function connectAcross(
  graph: DocumentGraph,
  from: Socket,
  to: Socket,
  type: string,
): DocumentGraph {
  const isNewIn = from[0] === BOUNDARY_IN && from[1] === NEW_SOCKET;
  const isNewOut = to[0] === BOUNDARY_OUT && to[1] === NEW_SOCKET;
  if (!isSubgraph(graph) || isNewIn === isNewOut) return connect(graph, from, to);
  const side = isNewIn ? "inputs" : "outputs";
  const known = graph[side];
  const name = freeId(
    (taken) => known.some((boundary) => boundary.name === taken),
    isNewIn ? to[1] : from[1],
  );
  const grown: Subgraph = { ...graph, [side]: [...known, { name, type }] };
  return isNewIn
    ? connect(grown, [BOUNDARY_IN, name], to)
    : connect(grown, from, [BOUNDARY_OUT, name]);
}
