/** Pressing a node or the title of a group: a click chooses it, a drag moves what is chosen. */
import type { Point } from "../stores/edit/nodes.ts";
import type { CanvasModel } from "./canvas-model.ts";
import { groupIndex, isGroupId } from "./group-ids.ts";
import type { Viewport } from "./level-of-detail.ts";
import { beginNodeDrag, type NodeDrag } from "./node-drag.ts";

/** What moves the view while something is dragged to its edge. */
export interface ViewMover {
  readonly set: (viewport: Viewport) => void;
  /** The canvas in window pixels. */
  readonly bounds: () => DOMRect;
}

const THRESHOLD = 2;
const TOUCH_THRESHOLD = 8;
const EDGE = 40;
const FASTEST = 15;

/** Pixels a frame that the view moves when the pointer is this near an edge. */
function push(at: number, from: number, to: number): number {
  if (at < from + EDGE) return Math.min(1, (from + EDGE - at) / EDGE) * FASTEST;
  if (at > to - EDGE) return -Math.min(1, (at - to + EDGE) / EDGE) * FASTEST;
  return 0;
}

export function pressNode(canvas: CanvasModel, view: ViewMover, down: PointerEvent): void {
  const target = down.target as Element;
  const id = target.closest<HTMLElement>("[data-shell]")?.dataset["shell"];
  if (down.button !== 0 || id === undefined) return;
  if (isGroupId(id) && target.closest(".group-title") === null) return;
  const { selection } = canvas.editor;
  const chosen = isGroupId(id) ? { groups: [groupIndex(id)] } : { nodes: [id] };
  const isChosen = () => {
    const { nodes, groups } = selection.store.getState();
    return isGroupId(id) ? groups.has(groupIndex(id)) : nodes.has(id);
  };
  const several = down.shiftKey || down.ctrlKey || down.metaKey;
  const before = isChosen();
  if (!before) {
    if (several) selection.add(chosen);
    else selection.set(chosen);
  }
  // A field is pressed for itself; its node is chosen all the same.
  if (target.closest(".nodrag") !== null) return;

  const threshold = down.pointerType === "touch" ? TOUCH_THRESHOLD : THRESHOLD;
  const bounds = view.bounds();
  const inGraph = ({ x, y }: { readonly x: number; readonly y: number }): Point => {
    const viewport = canvas.levels.viewport();
    return [
      (x - bounds.left - viewport.x) / viewport.zoom,
      (y - bounds.top - viewport.y) / viewport.zoom,
    ];
  };
  const start = inGraph({ x: down.clientX, y: down.clientY });
  let pointer = { x: down.clientX, y: down.clientY };
  let drag: NodeDrag | null = null;
  let frame = 0;

  const moveTo = () => {
    const [x, y] = inGraph(pointer);
    drag?.move([x - start[0], y - start[1]]);
  };
  const pan = () => {
    const dx = push(pointer.x, bounds.left, bounds.right);
    const dy = push(pointer.y, bounds.top, bounds.bottom);
    frame = requestAnimationFrame(pan);
    if (dx === 0 && dy === 0) return;
    const { x, y, zoom } = canvas.levels.viewport();
    view.set({ x: x + dx, y: y + dy, zoom });
    moveTo();
  };
  const move = (event: PointerEvent) => {
    if (event.pointerId !== down.pointerId) return;
    pointer = { x: event.clientX, y: event.clientY };
    if (drag === null) {
      if (Math.hypot(pointer.x - down.clientX, pointer.y - down.clientY) < threshold) return;
      drag = beginNodeDrag(canvas, id);
      if (drag === null) return finish();
      frame = requestAnimationFrame(pan);
    }
    moveTo();
  };
  const finish = () => {
    cancelAnimationFrame(frame);
    window.removeEventListener("pointermove", move);
    window.removeEventListener("pointerup", up);
    window.removeEventListener("pointercancel", cancel);
    window.removeEventListener("keydown", key, true);
  };
  const up = (event: PointerEvent) => {
    if (event.pointerId !== down.pointerId) return;
    finish();
    if (drag !== null) drag.drop(event.altKey);
    else if (several && before) selection.toggle(chosen);
    else if (!several) selection.set(chosen);
  };
  const cancel = () => {
    finish();
    drag?.cancel();
  };
  const key = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || drag === null) return;
    event.stopPropagation();
    cancel();
  };
  window.addEventListener("pointermove", move);
  window.addEventListener("pointerup", up);
  window.addEventListener("pointercancel", cancel);
  window.addEventListener("keydown", key, true);
}
