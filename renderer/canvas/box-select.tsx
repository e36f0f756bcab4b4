import { useEffect, useRef } from "react";
import type { Box } from "../stores/edit/groups.ts";
import { useCanvas } from "./canvas-context.tsx";

/** Whether a box lies in a rectangle: all of it, or any part. */
export const isTaken = (box: Box, area: Box, whole: boolean): boolean =>
  whole
    ? box.x >= area.x &&
      box.y >= area.y &&
      box.x + box.width <= area.x + area.width &&
      box.y + box.height <= area.y + area.height
    : box.x < area.x + area.width &&
      box.x + box.width > area.x &&
      box.y < area.y + area.height &&
      box.y + box.height > area.y;

/** A rectangle drawn on the ground selects what lies in it: with Shift, or with a plain drag where the settings say so. */
export function BoxSelect({ root }: { readonly root: React.RefObject<HTMLDivElement | null> }) {
  const canvas = useCanvas();
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = root.current;
    if (element === null) return;
    const down = (event: PointerEvent) => {
      const { target } = event;
      if (event.button !== 0 || event.altKey || event.pointerType === "touch") return;
      if (!(target instanceof Element) || !target.classList.contains("react-flow__pane")) return;
      // While a plain drag moves the view, the ground is "draggable".
      if (!event.shiftKey && target.classList.contains("draggable")) return;
      // The drag is ours: neither the view moves nor is the ground clicked afterwards.
      event.preventDefault();
      event.stopPropagation();
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      element.setPointerCapture(event.pointerId);
      drawBox(event, element, event.shiftKey && (event.ctrlKey || event.metaKey));
    };
    const drawBox = (start: PointerEvent, on: HTMLElement, adds: boolean) => {
      const { selection, settings } = canvas.editor;
      const whole = settings.store.getState().boxSelects === "whole";
      const before = selection.store.getState();
      const from = canvas.toGraph(start.clientX, start.clientY);
      let drawn = false;
      const move = (event: PointerEvent) => {
        if (!drawn && Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) < 3)
          return;
        drawn = true;
        const to = canvas.toGraph(event.clientX, event.clientY);
        const { x, y, zoom } = canvas.levels.viewport();
        const area: Box = {
          x: Math.min(from[0], to[0]),
          y: Math.min(from[1], to[1]),
          width: Math.abs(from[0] - to[0]),
          height: Math.abs(from[1] - to[1]),
        };
        const { style } = frame.current!;
        style.display = "block";
        style.transform = `translate(${area.x * zoom + x}px, ${area.y * zoom + y}px)`;
        style.width = `${area.width * zoom}px`;
        style.height = `${area.height * zoom}px`;
        const { boxes, shown, graph } = canvas.scene.store.getState();
        const nodes = shown.filter((id) => isTaken(boxes.get(id)!, area, whole));
        // A group holds what is chosen already: it is taken only when all of it is in the box.
        const groups = (graph?.groups ?? []).flatMap(({ at, size }, index) => {
          const box = { x: at[0], y: at[1], width: size[0], height: size[1] };
          return isTaken(box, area, true) ? [index] : [];
        });
        selection.set({
          nodes: adds ? [...before.nodes, ...nodes] : nodes,
          groups: adds ? [...before.groups, ...groups] : groups,
        });
      };
      const finish = (event: PointerEvent) => {
        on.removeEventListener("pointermove", move);
        on.removeEventListener("pointerup", finish);
        on.removeEventListener("pointercancel", finish);
        if (frame.current !== null) frame.current.style.display = "none";
        if (!drawn && event.type === "pointerup" && !start.shiftKey) selection.set();
      };
      on.addEventListener("pointermove", move);
      on.addEventListener("pointerup", finish);
      on.addEventListener("pointercancel", finish);
    };
    element.addEventListener("pointerdown", down, true);
    return () => element.removeEventListener("pointerdown", down, true);
  }, [canvas, root]);
  return <div ref={frame} className="box-select" aria-hidden="true" />;
}
