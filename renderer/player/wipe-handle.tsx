import { useRef, type CSSProperties } from "react";
import { usePanels, usePanelStore } from "../panels/panels-context.tsx";

const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -0.01, ArrowRight: 0.01 };

/** The line between A and B. Arrow keys move it by 1 %, with Shift by 10 %. `style` places it over the picture. */
export function WipeHandle({ style }: { readonly style: CSSProperties }) {
  const { player } = usePanels();
  const wipe = usePanelStore(
    (panels) => panels.player,
    (state) => state.wipe,
  );
  const track = useRef<HTMLDivElement>(null);
  const move = (wanted: number): void => player.set({ wipe: Math.max(0, Math.min(1, wanted)) });
  const moveTo = (clientX: number): void => {
    const box = track.current?.getBoundingClientRect();
    if (box !== undefined && box.width > 0) move((clientX - box.left) / box.width);
  };
  return (
    <div
      ref={track}
      className="wipe"
      style={style}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        moveTo(event.clientX);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) moveTo(event.clientX);
      }}
    >
      <div className="wipe-line" style={{ left: `${wipe * 100}%` }} />
      <div
        className="wipe-handle"
        style={{ left: `${wipe * 100}%` }}
        role="slider"
        tabIndex={0}
        aria-label="Wipe between A and B"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(wipe * 100)}
        aria-valuetext={`${Math.round(wipe * 100)} % of A`}
        onKeyDown={(event) => {
          const step = STEPS[event.key];
          if (step === undefined && event.key !== "Home" && event.key !== "End") return;
          event.preventDefault();
          event.stopPropagation();
          if (step === undefined) move(event.key === "Home" ? 0 : 1);
          else move(wipe + step * (event.shiftKey ? 10 : 1));
        }}
      >
        <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
          <path d="M4 3 1.2 6 4 9M8 3l2.8 3L8 9" />
        </svg>
      </div>
    </div>
  );
}
