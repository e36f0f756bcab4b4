import { useEffect, useRef } from "react";
import { useReactFlow } from "@xyflow/react";
import { useCanvas } from "./canvas-context.tsx";
import { around } from "./guides.ts";
import { resolvedId } from "./canvas-context.tsx";

const WIDTH = 180;
const HEIGHT = 104;
const EDGE = 8;

/** The whole graph in small, drawn on a canvas outside of React; dragging it moves the view. */
export function Minimap() {
  const canvas = useCanvas();
  const flow = useReactFlow();
  const target = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const scale = useRef({ x: 0, y: 0, factor: 1 });

  useEffect(() => {
    const { scene, levels, editor } = canvas;
    let due = 0;
    const place = () => {
      if (frame.current === null) return;
      const { x, y, zoom } = levels.viewport();
      const [width, height] = levels.size();
      const { factor } = scale.current;
      const left = (-x / zoom - scale.current.x) * factor + EDGE;
      const top = (-y / zoom - scale.current.y) * factor + EDGE;
      frame.current.style.transform = `translate(${left}px, ${top}px)`;
      frame.current.style.width = `${(width / zoom) * factor}px`;
      frame.current.style.height = `${(height / zoom) * factor}px`;
    };
    const draw = () => {
      due = 0;
      const context = target.current?.getContext("2d");
      if (context === null || context === undefined) return;
      const state = scene.store.getState();
      const ratio = devicePixelRatio;
      context.canvas.width = WIDTH * ratio;
      context.canvas.height = HEIGHT * ratio;
      context.scale(ratio, ratio);
      if (state.boxes.size > 0) {
        const bounds = around([...state.boxes.values()]);
        const factor = Math.min(
          (WIDTH - 2 * EDGE) / bounds.width,
          (HEIGHT - 2 * EDGE) / bounds.height,
          0.2,
        );
        const x = bounds.x - ((WIDTH - 2 * EDGE) / factor - bounds.width) / 2;
        const y = bounds.y - ((HEIGHT - 2 * EDGE) / factor - bounds.height) / 2;
        scale.current = { x, y, factor };
        const style = getComputedStyle(document.documentElement);
        const colors = new Map<string, string>();
        const color = (name: string): string => {
          const found = colors.get(name) ?? style.getPropertyValue(name);
          colors.set(name, found);
          return found;
        };
        const { nodes: selected } = editor.selection.store.getState();
        const runs = editor.runs.store.getState().nodes[state.document ?? ""] ?? {};
        for (const [id, box] of state.boxes) {
          const { model } = state.nodes.get(id)!;
          const running = runs[resolvedId(state, id)]?.status === "running";
          context.fillStyle = color(running ? "--accent" : `--c-${model.look.tint}`);
          context.globalAlpha = running || selected.has(id) ? 1 : 0.55;
          const at = [(box.x - x) * factor + EDGE, (box.y - y) * factor + EDGE] as const;
          context.beginPath();
          context.roundRect(
            ...at,
            Math.max(2, box.width * factor),
            Math.max(1.5, box.height * factor),
            1.5,
          );
          context.fill();
          if (!selected.has(id)) continue;
          context.strokeStyle = color("--select");
          context.stroke();
        }
      }
      place();
    };
    const schedule = () => {
      due ||= requestAnimationFrame(draw);
    };
    schedule();
    const theme = new MutationObserver(schedule);
    theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    const stops = [
      scene.store.subscribe((state, last) => state.boxes !== last.boxes && schedule()),
      editor.selection.store.subscribe(schedule),
      editor.runs.store.subscribe((state, last) => state.current !== last.current && schedule()),
      levels.onLook(place),
      () => theme.disconnect(),
    ];
    return () => {
      cancelAnimationFrame(due);
      stops.forEach((stop) => stop());
    };
  }, [canvas]);

  const centre = (clientX: number, clientY: number, element: Element) => {
    const rect = element.getBoundingClientRect();
    const { x, y, factor } = scale.current;
    const at = [
      (clientX - rect.left - EDGE) / factor + x,
      (clientY - rect.top - EDGE) / factor + y,
    ];
    void flow.setCenter(at[0]!, at[1]!, { zoom: flow.getZoom() });
  };
  return (
    <div
      className="minimap float"
      aria-hidden="true"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        centre(event.clientX, event.clientY, event.currentTarget);
      }}
      onPointerMove={(event) => {
        if (event.buttons === 1) centre(event.clientX, event.clientY, event.currentTarget);
      }}
    >
      <canvas ref={target} />
      <div ref={frame} className="minimap-view" />
    </div>
  );
}
