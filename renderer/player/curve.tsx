/** A figure by frame, with the frame in view and, where asked, the stretch that is worst. */
import { memo, useRef } from "react";
import { usePanels, usePanelStore } from "../panels/panels-context.tsx";
import { useWidth } from "./frame-strip.tsx";
import type { Stretch } from "./worst-stretch.ts";

interface CurveProps {
  readonly values: readonly (number | null)[];
  readonly height: number;
  readonly name: string;
  readonly color?: string;
  readonly stretch?: Stretch | null;
  readonly grid?: boolean;
}

export function Curve({
  values,
  height,
  name,
  color = "var(--accent)",
  stretch = null,
  grid,
}: CurveProps) {
  const { player } = usePanels();
  const room = useRef<HTMLDivElement>(null);
  const width = useWidth(room);
  const frame = usePanelStore(
    (panels) => panels.player,
    (state) => Math.max(0, Math.min(state.frame, values.length - 1)),
  );
  const scale = curveScale(values, width, height);
  const seek = (clientX: number): void => {
    const box = room.current?.getBoundingClientRect();
    if (box !== undefined && box.width > 0) {
      player.set({ playing: false });
      player.seek(((clientX - box.left) / box.width) * (values.length - 1));
    }
  };
  return (
    <div
      ref={room}
      className="curve"
      style={{ height }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        seek(event.clientX);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) seek(event.clientX);
      }}
    >
      {width > 0 && values.length > 1 && (
        <svg width={width} height={height} role="img" aria-label={name}>
          {grid === true && (
            <path
              className="grid"
              d={`M0 .5H${width}M0 ${height / 2}H${width}M0 ${height - 0.5}H${width}`}
            />
          )}
          {stretch !== null && (
            <rect
              x={scale.x(stretch.first)}
              width={Math.max(2, scale.x(stretch.last) - scale.x(stretch.first))}
              height={height}
              fill="var(--warn)"
              opacity={0.09}
            />
          )}
          <CurveLine path={scale.path} color={color} />
          <path d={`M${scale.x(frame)} 0V${height}`} stroke="var(--select)" />
          <circle
            cx={scale.x(frame)}
            cy={scale.y(frame)}
            r={grid === true ? 4 : 3}
            fill={color}
            stroke="var(--panel)"
            strokeWidth={2}
          />
        </svg>
      )}
    </div>
  );
}

const CurveLine = memo(function CurveLine(props: {
  readonly path: string;
  readonly color: string;
}) {
  return (
    <path
      d={props.path}
      fill="none"
      stroke={props.color}
      strokeWidth={1.5}
      strokeLinejoin="round"
    />
  );
});

const MARGIN = 4;

function curveScale(values: readonly (number | null)[], width: number, height: number) {
  const finite = values.filter((value): value is number => value !== null);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const x = (frame: number): number => (frame / Math.max(1, values.length - 1)) * width;
  const y = (frame: number): number => {
    const value = values[frame] ?? high;
    if (!Number.isFinite(value) || high === low) return height / 2;
    return MARGIN + (1 - (value - low) / (high - low)) * (height - 2 * MARGIN);
  };
  const path = values
    .map((_, i) => `${i === 0 ? "M" : "L"}${x(i).toFixed(1)} ${y(i).toFixed(1)}`)
    .join("");
  return { x, y, path };
}
