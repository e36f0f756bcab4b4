/** The axes of a sweep that ran, read from its jobs' documents: which values differ along each, and how. */
import type { GraphDocument } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import { valueText } from "../compare/document-differences.ts";

export interface SweptJob {
  readonly job: string;
  readonly cell: readonly number[];
  readonly document: GraphDocument;
}

export interface RanAxis {
  readonly node: string;
  readonly value: string;
  /** In words, by index on the axis; empty where no job of that index is known. */
  readonly labels: readonly string[];
}

/** Fewer axes than the jobs have where two jobs that tell an axis apart are not there. */
export function sweepAxes(jobs: readonly SweptJob[]): RanAxis[] {
  const dimensions = Math.max(0, ...jobs.map(({ cell }) => cell.length));
  const axes: RanAxis[] = [];
  for (let axis = 0; axis < dimensions; axis++) {
    const swept = sweptValue(jobs, axis);
    if (swept === null) continue;
    const length = Math.max(...jobs.map(({ cell }) => (cell[axis] ?? 0) + 1));
    const labels = Array.from({ length }, (_, i) => {
      const job = jobs.find(({ cell }) => cell[axis] === i);
      const value = job?.document.nodes[swept.node]?.values[swept.value];
      return value === undefined ? "" : valueText(value);
    });
    axes.push({ ...swept, labels });
  }
  return axes;
}

/** The value that two jobs differ in which have the same place on every other axis. */
function sweptValue(
  jobs: readonly SweptJob[],
  axis: number,
): { readonly node: string; readonly value: string } | null {
  for (const a of jobs) {
    const b = jobs.find(({ cell }) => cell.every((at, i) => (i === axis) === (at !== a.cell[i])));
    const found = b === undefined ? null : firstDifference(a.document, b.document);
    if (found !== null) return found;
  }
  return null;
}

function firstDifference(a: GraphDocument, b: GraphDocument) {
  for (const [node, { values }] of Object.entries(a.nodes)) {
    for (const [value, one] of Object.entries(values)) {
      const other: Json | undefined = b.nodes[node]?.values[value];
      if (other !== undefined && JSON.stringify(one) !== JSON.stringify(other))
        return { node, value };
    }
  }
  return null;
}
