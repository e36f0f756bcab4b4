/** The block mask: query frames down, key frames across. Point at a block, or walk with the arrow keys. */
import { useEffect, useId, useRef, useState, type KeyboardEvent } from "react";
import { createPortal } from "react-dom";
import { useTheme } from "../use-theme.ts";
import { usePanels, usePanelStore } from "../panels-context.tsx";
import type { FramePair } from "../../stores/player.ts";
import { drawMask, moveWindow, WHOLE, zoomWindow } from "./draw-mask.ts";
import { pairWords, type PairWords } from "./mask-frames.ts";
import { sharesOf, type ShownMask } from "./use-mask.ts";
import "./radial.css";

interface MaskViewProps {
  readonly shown: ShownMask;
  /** Pixels a side. */
  readonly size: number;
  readonly onOpen?: () => void;
  /** Side of the mask on which the words about a pair stand. */
  readonly tipSide?: "left" | "right";
}

const TICK_EVERY = 5;
const ARROWS: Readonly<Record<string, readonly [query: number, key: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

export function MaskView({ shown, size, onOpen, tipSide = "left" }: MaskViewProps) {
  const { player } = usePanels();
  const theme = useTheme();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [zoom, setZoom] = useState(WHOLE);
  const [inside, setInside] = useState(false);
  const marked = usePanelStore(
    (panels) => panels.player,
    (state) => state.pair,
  );
  const tip = useId();
  const { report, request } = shown.mask;
  const frames = report.latentFrames;
  const pair = marked?.frames === frames ? marked : null;
  const framesShare = Math.min(1, (frames * report.tokensPerFrame) / (report.blocks * shown.block));

  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const density = Math.min(3, Math.max(2, globalThis.devicePixelRatio || 1));
    element.width = Math.round(size * density);
    element.height = element.width;
    drawMask(element, { mask: report, block: shown.block, theme, window: zoom, pair });
  }, [report, shown.block, theme, zoom, pair, size]);
  useWheelZoom(canvas, (factor, at) => setZoom((now) => zoomWindow(now, factor, at)));

  const mark = (next: FramePair | null): void => player.set({ pair: next });
  const pairAt = (clientX: number, clientY: number): FramePair | null => {
    const box = canvas.current?.getBoundingClientRect();
    if (box === undefined || box.width === 0) return null;
    const at = (share: number, start: number): number =>
      Math.floor(((start + share * zoom.side) / framesShare) * frames);
    const query = at((clientY - box.top) / box.height, zoom.y);
    const key = at((clientX - box.left) / box.width, zoom.x);
    const fits = [query, key].every((frame) => frame >= 0 && frame < frames);
    return fits ? { query, key, frames } : null;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const by = ARROWS[event.key];
    if (by !== undefined) {
      const from = pair ?? { query: 0, key: 0, frames };
      const clamp = (frame: number): number => Math.max(0, Math.min(frames - 1, frame));
      const jump = event.shiftKey ? 5 : 1;
      mark(
        pair === null
          ? from
          : {
              query: clamp(from.query + by[0] * jump),
              key: clamp(from.key + by[1] * jump),
              frames,
            },
      );
    } else if (event.key === "+" || event.key === "=")
      setZoom((now) => zoomWindow(now, 1.5, { x: 0.5, y: 0.5 }));
    else if (event.key === "-") setZoom((now) => zoomWindow(now, 1 / 1.5, { x: 0.5, y: 0.5 }));
    else if (event.key === "Enter" && onOpen !== undefined) onOpen();
    else if (event.key === "Escape" && pair !== null) mark(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const words =
    pair === null
      ? null
      : pairWords(report, sharesOf(shown.mask), { ...request, block: shown.block }, [
          pair.query,
          pair.key,
        ]);
  const drag = useRef<{ x: number; y: number; moved: boolean } | null>(null);
  return (
    <div
      className={shown.current ? "mask nodrag nowheel nopan" : "mask stale nodrag nowheel nopan"}
      style={{ width: size, height: size }}
    >
      <MaskTicks frames={frames} share={framesShare} zoom={zoom} size={size} />
      <canvas
        ref={canvas}
        style={{ width: size, height: size }}
        tabIndex={0}
        role="application"
        aria-roledescription="block mask"
        aria-label={`Block mask of ${frames} by ${frames} latent frames. Arrow keys move between pairs of frames.`}
        aria-describedby={tip}
        onKeyDown={onKeyDown}
        onFocus={() => setInside(true)}
        onBlur={() => {
          setInside(false);
          mark(null);
        }}
        onPointerDown={(event) => {
          drag.current = { x: event.clientX, y: event.clientY, moved: false };
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          setInside(true);
          const from = drag.current;
          if (from === null) return mark(pairAt(event.clientX, event.clientY));
          const box = event.currentTarget.getBoundingClientRect();
          const [x, y] = [from.x - event.clientX, from.y - event.clientY];
          if (!from.moved && Math.hypot(x, y) < 4) return undefined;
          drag.current = { x: event.clientX, y: event.clientY, moved: true };
          setZoom((now) => moveWindow(now, x / box.width, y / box.height));
          return undefined;
        }}
        onPointerUp={() => {
          const clicked = drag.current !== null && !drag.current.moved;
          drag.current = null;
          if (clicked) onOpen?.();
        }}
        onPointerLeave={() => {
          if (drag.current !== null) return;
          setInside(false);
          mark(null);
        }}
      />
      <span id={tip} className="visually-hidden" aria-live="polite">
        {words === null ? "" : `${words.title}. ${words.reach}. ${words.kept}.`}
      </span>
      {words !== null && inside && pair !== null && (
        <PairTip anchor={canvas} words={words} side={tipSide} row={(pair.query + 0.5) / frames} />
      )}
    </div>
  );
}

/** React's wheel listeners cannot keep the canvas below from zooming; this one can. */
function useWheelZoom(
  canvas: React.RefObject<HTMLCanvasElement | null>,
  zoom: (factor: number, at: { x: number; y: number }) => void,
): void {
  const latest = useRef(zoom);
  latest.current = zoom;
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      event.stopPropagation();
      const box = element.getBoundingClientRect();
      const at = {
        x: (event.clientX - box.left) / box.width,
        y: (event.clientY - box.top) / box.height,
      };
      latest.current(1.0015 ** -event.deltaY, at);
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [canvas]);
}

interface TicksProps {
  readonly frames: number;
  readonly share: number;
  readonly zoom: { readonly y: number; readonly side: number };
  readonly size: number;
}

function MaskTicks({ frames, share, zoom, size }: TicksProps) {
  const every = Math.max(TICK_EVERY, Math.ceil((frames * zoom.side) / 8 / TICK_EVERY) * TICK_EVERY);
  const ticks = Array.from({ length: Math.ceil(frames / every) }, (_, i) => i * every);
  return (
    <div className="mask-ticks" aria-hidden="true">
      {ticks.map((frame) => {
        const at = (((frame + 0.5) / frames) * share - zoom.y) / zoom.side;
        return at < 0 || at > 1 ? null : (
          <span key={frame} style={{ top: at * size }}>
            {frame}
          </span>
        );
      })}
    </div>
  );
}

interface TipProps {
  readonly anchor: React.RefObject<HTMLElement | null>;
  readonly words: PairWords;
  readonly side: "left" | "right";
  readonly row: number;
}

function PairTip({ anchor, words, side, row }: TipProps) {
  const box = anchor.current?.getBoundingClientRect();
  if (box === undefined) return null;
  const top = Math.min(innerHeight - 80, Math.max(8, box.top + box.height * row - 20));
  const room = side === "left" && box.left > 320 ? "left" : "right";
  const place = room === "left" ? { right: innerWidth - box.left + 38 } : { left: box.right + 16 };
  return createPortal(
    <div className="tip pair-tip" style={{ ...place, top }} aria-hidden="true">
      <div className="medium">{words.title}</div>
      <div className="t2">{words.reach}</div>
      <div className="kept">{words.kept}</div>
    </div>,
    document.body,
  );
}
