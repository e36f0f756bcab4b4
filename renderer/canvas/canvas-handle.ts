/** What the rest of the window asks of the canvas on screen. */
import type { Point } from "../stores/edit/nodes.ts";

export interface CanvasHandle {
  /** Shows all of the graph, or the selection when there is one. */
  fit(): void;
  zoomBy(factor: number): void;
  /** Brings a node ("outer:inner" inside a subgraph) to the middle, selects it and, where named, puts the focus into one of its fields. */
  show(node: string, field?: string, takeFocus?: boolean): void;
  /** Middle of what is on screen, in canvas units. */
  middle(): Point;
  /** Pointer's place over the canvas, in canvas units; the middle when it is elsewhere. */
  pointer(): Point;
  /** Pointer's place in window pixels; a place in the middle when it is elsewhere. */
  screen(): { readonly x: number; readonly y: number };
}
