/** Which steps and layers of a run are dense, and where the run is. */
import type { RadialSettings } from "../radial/geometry.ts";

export type CellKind = "dense" | "radial" | "coming";

export interface StripCells {
  readonly cells: readonly CellKind[];
  readonly dense: number;
  readonly radial: number;
}

/** One cell a step; `done` steps have their colour, radial ones to come are paler. Null: nothing runs, all have it. */
export function stepCells(
  settings: RadialSettings,
  steps: number,
  done: number | null,
): StripCells {
  const first = Math.min(steps, settings.denseSteps);
  const last = Math.min(steps - first, settings.lastDenseSteps);
  const dense = first + last;
  const cells = Array.from({ length: steps }, (_, i): CellKind => {
    if (i < first || i >= steps - last) return "dense";
    return done !== null && i >= done ? "coming" : "radial";
  });
  return { cells, dense, radial: steps - dense };
}

export function layerCells(settings: RadialSettings, layers: number): StripCells {
  const dense = Math.min(layers, settings.denseLayers);
  const cells = Array.from({ length: layers }, (_, i): CellKind =>
    i < dense ? "dense" : "radial",
  );
  return { cells, dense, radial: layers - dense };
}
