/** Inside a subgraph its inputs and outputs stand as two nodes at the sides; their places are kept with the subgraph. */
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  type DocumentGraph,
  type DocumentNode,
} from "#runtime/graph/document";
import type { Point } from "../stores/edit/nodes.ts";

const AWAY = 280;

export function boundaryNodes(graph: DocumentGraph): Record<string, DocumentNode> {
  const places = Object.values(graph.nodes).map(({ at }) => at ?? [0, 0]);
  const left = places.length === 0 ? 0 : Math.min(...places.map(([x]) => x!));
  const right = places.length === 0 ? 0 : Math.max(...places.map(([x]) => x!));
  const top = places.length === 0 ? 0 : Math.min(...places.map(([, y]) => y!));
  const at = (key: string, otherwise: Point): [number, number] => {
    const kept: unknown = graph[key];
    return Array.isArray(kept) && kept.length === 2 && kept.every((n) => typeof n === "number")
      ? [kept[0] as number, kept[1] as number]
      : [otherwise[0], otherwise[1]];
  };
  const node = (title: string, place: [number, number]): DocumentNode => ({
    type: "$boundary",
    title,
    values: {},
    at: place,
    size: [160, 0],
  });
  return {
    [BOUNDARY_IN]: node("Inputs", at("inputsAt", [left - AWAY, top])),
    [BOUNDARY_OUT]: node("Outputs", at("outputsAt", [right + AWAY + 80, top])),
  };
}

export const isBoundary = (id: string): boolean => id === BOUNDARY_IN || id === BOUNDARY_OUT;

/** Puts a boundary node somewhere else. */
export function moveBoundary(graph: DocumentGraph, id: string, at: Point): DocumentGraph {
  const key = id === BOUNDARY_IN ? "inputsAt" : "outputsAt";
  return { ...graph, [key]: [at[0], at[1]] };
}
