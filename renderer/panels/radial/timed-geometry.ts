import type { GraphDocument } from "#runtime/graph/document";
import type { TimedGeometry } from "../../stores/step-times.ts";
import { flatGraph } from "./flat-graph.ts";
import { latentSize, radialGeometry, radialNodeOf, type RadialGeometry } from "./geometry.ts";

/** Everything that sets the work of a step but the number of dense steps, which a time tells apart by itself. */
export function geometryKey(geometry: RadialGeometry): string {
  const { size, settings, model, kind } = geometry;
  const { decay, block, denseLayers } = settings;
  return JSON.stringify([model, kind, size, decay, block, denseLayers]);
}

/** For a sampler of a document that runs; without radial attention all steps are dense. */
export function timedGeometry(ran: GraphDocument, sampler: string): TimedGeometry | null {
  const document = flatGraph(ran);
  const radial = radialNodeOf(document, sampler);
  if (radial === null) {
    const size = latentSize(document, sampler);
    return size === null
      ? null
      : {
          key: JSON.stringify(["dense", size]),
          denseSteps: Number.POSITIVE_INFINITY,
          lastDenseSteps: 0,
        };
  }
  const geometry = radialGeometry(document, radial);
  if (geometry === null) return null;
  const { denseSteps, lastDenseSteps } = geometry.settings;
  return { key: geometryKey(geometry), denseSteps, lastDenseSteps };
}
