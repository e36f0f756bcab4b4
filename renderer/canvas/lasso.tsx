import { useRef, useState } from "react";
import type { Point } from "../stores/edit/nodes.ts";
import { useCanvas } from "./canvas-context.tsx";

/** Whether a point lies inside a closed line. */
export function isInside([x, y]: Point, line: readonly Point[]): boolean {
  let inside = false;
  for (let i = 0, j = line.length - 1; i < line.length; j = i++) {
    const [ax, ay] = line[i]!;
    const [bx, by] = line[j]!;
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/** Alt-Shift-drag: what has its middle inside the line is selected. Catches the pointer only while both keys are down. */
export function Lasso() {
  const canvas = useCanvas();
  const [line, setLine] = useState<readonly Point[]>([]);
  const points = useRef<Point[]>([]);
  return (
    <svg
      className="lasso"
      aria-hidden="true"
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        points.current = [[event.clientX, event.clientY]];
      }}
      onPointerMove={(event) => {
        if (points.current.length === 0) return;
        points.current.push([event.clientX, event.clientY]);
        setLine([...points.current]);
      }}
      onPointerUp={() => {
        const outline = points.current.map(([x, y]) => canvas.toGraph(x, y));
        points.current = [];
        setLine([]);
        const nodes = [...canvas.scene.store.getState().boxes]
          .filter(([, box]) => isInside([box.x + box.width / 2, box.y + box.height / 2], outline))
          .map(([id]) => id);
        canvas.editor.selection.set({ nodes });
      }}
    >
      {line.length > 1 && <LassoLine line={line} />}
    </svg>
  );
}

function LassoLine({ line }: { readonly line: readonly Point[] }) {
  const box = document.querySelector(".canvas")?.getBoundingClientRect();
  const shifted = line.map(([x, y]) => `${x - (box?.left ?? 0)} ${y - (box?.top ?? 0)}`);
  return <path d={`M${shifted.join("L")}Z`} />;
}
