import { useReactFlow } from "@xyflow/react";
import { useEffect, useMemo, useRef } from "react";
import { useCanvas } from "./canvas-context.tsx";
import type { CanvasHandle } from "./canvas-handle.ts";
import { fitted } from "./fitted.ts";

const GLIDE_MS = 320;

const duration = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : GLIDE_MS);

/** What commands ask of the canvas. */
export function useCanvasHandle(root: React.RefObject<HTMLDivElement | null>): CanvasHandle {
  const canvas = useCanvas();
  const flow = useReactFlow();
  const pointer = useRef<{ x: number; y: number } | null>(null);
  useEffect(() => {
    const element = root.current;
    if (element === null) return;
    const move = (event: PointerEvent) => {
      pointer.current = { x: event.clientX, y: event.clientY };
    };
    const leave = () => {
      pointer.current = null;
    };
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerleave", leave);
    return () => {
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerleave", leave);
    };
  }, [root]);
  return useMemo(() => {
    const middle = () => {
      const box = root.current?.getBoundingClientRect();
      return box === undefined
        ? ([0, 0] as const)
        : canvas.toGraph(box.left + box.width / 2, box.top + box.height / 2);
    };
    return {
      fit() {
        const { nodes } = canvas.editor.selection.store.getState();
        const { boxes } = canvas.scene.store.getState();
        const chosen = [...nodes].filter((id) => boxes.has(id));
        const view = fitted(canvas, chosen.length > 0 ? chosen : null);
        if (view !== null) void flow.setViewport(view, { duration: duration() });
      },
      zoomBy: (factor) => void flow.zoomTo(flow.getZoom() * factor, { duration: 80 }),
      show(resolved, field, takeFocus = true) {
        // "outer:inner" is a node inside of a subgraph.
        const path = resolved.split(":");
        const node = path.pop() ?? "";
        const scene = canvas.scene.store.getState();
        if (scene.document !== null && scene.path.join(":") !== path.join(":"))
          canvas.editor.selection.goTo(scene.document, path);
        const box = canvas.scene.store.getState().boxes.get(node);
        if (box === undefined) return;
        canvas.editor.selection.set({ nodes: [node] });
        const zoom = Math.max(0.8, Math.min(1.2, flow.getZoom()));
        void flow.setCenter(box.x + box.width / 2, box.y + box.height / 2, {
          zoom,
          duration: duration(),
        });
        if (!takeFocus) return;
        // The node may be drawn in full only once the view is there.
        setTimeout(() => {
          const element = document.querySelector(`[data-node="${CSS.escape(node)}"]`);
          const part =
            field === undefined
              ? null
              : element?.querySelector(
                  `[data-field="${CSS.escape(field)}"], [data-socket="${CSS.escape(field)}"]`,
                );
          const inner = part?.matches("[tabindex], textarea")
            ? part
            : part?.querySelector("button, input");
          const target = inner ?? part ?? element;
          if (target instanceof HTMLElement) target.focus({ preventScroll: true });
        }, duration() + 180);
      },
      middle,
      screen: () => pointer.current ?? { x: innerWidth / 2 - 202, y: innerHeight / 4 },
      pointer: () =>
        pointer.current === null ? middle() : canvas.toGraph(pointer.current.x, pointer.current.y),
    };
  }, [canvas, flow, root]);
}
