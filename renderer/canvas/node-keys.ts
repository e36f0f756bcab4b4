/** Keys while a node has the focus: arrows walk along wires, Enter goes in, Escape comes out. */
import type { KeyboardEvent } from "react";
import type { CanvasModel } from "./canvas-model.ts";
import { neighbour, type Direction } from "./neighbours.ts";

const DIRECTIONS: Readonly<Record<string, Direction>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

export function focusNode(canvas: CanvasModel, id: string): void {
  canvas.editor.selection.set({ nodes: [id] });
  document
    .querySelector<HTMLElement>(`[data-node="${CSS.escape(id)}"]`)
    ?.focus({ preventScroll: true });
}

const inside = (node: Element): HTMLElement[] =>
  [...node.querySelectorAll<HTMLElement>(".socket, button, input, textarea, [tabindex]")].filter(
    (element) =>
      !element.hasAttribute("disabled") &&
      element.getAttribute("aria-hidden") !== "true" &&
      element.closest(".node-actions") === null &&
      element.offsetParent !== null,
  );

export function nodeKeys(event: KeyboardEvent<HTMLElement>, canvas: CanvasModel, id: string): void {
  const node = event.currentTarget;
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (event.target === node) {
    const direction = DIRECTIONS[event.key];
    if (direction !== undefined && plain && !event.shiftKey) {
      const next = neighbour(canvas.scene.store.getState(), id, direction);
      if (next !== null) focusNode(canvas, next);
    } else if (event.key === "Enter" && plain) inside(node)[0]?.focus();
    else if (event.key === "Tab" && plain && node.matches(":focus-visible")) {
      // The canvas is one stop: Tab goes on to what comes after it.
      const regions = [...document.querySelectorAll<HTMLElement>("[data-region]")];
      const at = regions.findIndex((region) => region.contains(node));
      const next = regions[at + (event.shiftKey ? -1 : 1)];
      if (next === undefined) return;
      next.focus();
    } else return;
  } else if (event.key === "Escape") node.focus();
  else if (event.key === "Tab") {
    const stops = inside(node);
    const at = stops.indexOf(event.target as HTMLElement);
    stops[(at + (event.shiftKey ? -1 : 1) + stops.length) % stops.length]?.focus();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}
