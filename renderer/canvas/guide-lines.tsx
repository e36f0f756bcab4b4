import { useCanvasState } from "./canvas-context.tsx";

const FAR = 100_000;

/** Lines along which dragged nodes lie in line with others. */
export function GuideLines() {
  const guides = useCanvasState((state) => state.guides);
  if (guides === null) return null;
  return (
    <svg className="wires guide-lines" aria-hidden="true">
      {guides.x.map((x) => (
        <path key={`x${x}`} d={`M${x} ${-FAR}V${FAR}`} />
      ))}
      {guides.y.map((y) => (
        <path key={`y${y}`} d={`M${-FAR} ${y}H${FAR}`} />
      ))}
    </svg>
  );
}
