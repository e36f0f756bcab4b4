/** The picture of the player: what plays, or what is being made, in the chosen view. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState, type CSSProperties } from "react";
import { usePanels, usePanelStore } from "../panels/panels-context.tsx";
import type { LiveClip } from "../stores/player.ts";
import { drawView, viewBoxes, type ViewPictures } from "./draw-view.ts";
import { previewPixels } from "./preview-frames.ts";
import { useClipFrames } from "./use-clip-frames.ts";
import { WipeHandle } from "./wipe-handle.tsx";

interface ViewerProps {
  readonly labels?: boolean;
  /** Words after A and B, where there is room. */
  readonly words?: readonly [a: string, b: string];
  readonly className?: string;
}

export function Viewer({ labels = true, words, className }: ViewerProps) {
  const { player } = usePanels();
  const a = usePanelStore(
    (panels) => panels.player,
    (state) => state.a,
  );
  const b = usePanelStore(
    (panels) => panels.player,
    (state) => state.b,
  );
  const live = usePanelStore(
    (panels) => panels.player,
    (state) => state.live,
  );
  const chosen = usePanelStore(
    (panels) => panels.player,
    (state) => state.view,
  );
  const wipe = usePanelStore(
    (panels) => panels.player,
    (state) => state.wipe,
  );
  const view = live !== null || b === null ? "single" : chosen;
  const framesA = useClipFrames(live === null ? a : null);
  const framesB = useClipFrames(view === "single" ? null : b);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useCanvasSize(canvas);
  const livePicture = useLivePicture(live);
  const shape = live?.preview ?? a;
  const aspect = shape === null ? 16 / 9 : shape.width / shape.height;

  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const paint = (): void => {
      const { frame } = player.store.getState();
      const pictures: ViewPictures = {
        a:
          live === null
            ? (framesA.pictures[frame] ?? framesA.pictures.at(-1) ?? null)
            : livePicture(frame),
        b: framesB.pictures[frame] ?? framesB.pictures.at(-1) ?? null,
        aspect,
      };
      drawView(element, view, pictures, wipe);
    };
    paint();
    return player.store.subscribe((state, before) => {
      if (state.frame !== before.frame) paint();
    });
  }, [player, framesA, framesB, live, livePicture, view, wipe, aspect, size]);

  const [box] = viewBoxes(view, size, aspect);
  const problem = framesA.problem ?? framesB.problem;
  const place: CSSProperties = {
    left: `${(box.x / Math.max(1, size.width)) * 100}%`,
    width: `${(box.width / Math.max(1, size.width)) * 100}%`,
  };
  return (
    <div className={`viewer ${className ?? ""}`}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={viewName(view, a?.name, b?.name, live !== null)}
      />
      {view === "wipe" && <WipeHandle style={place} />}
      {labels && view !== "single" && view !== "difference" && (
        <>
          <span className="over a">
            <b>A</b> {words?.[0]}
          </span>
          <span className="over b">
            {words?.[1]} <b>B</b>
          </span>
        </>
      )}
      {view === "difference" && <span className="over a">Difference × 4</span>}
      {problem !== null && live === null && <span className="over problem">{problem}</span>}
    </div>
  );
}

function viewName(
  view: string,
  a: string | undefined,
  b: string | undefined,
  live: boolean,
): string {
  if (live) return "The clip that is being made";
  if (a === undefined) return "No clip";
  return view === "single" || b === undefined ? a : `${a} and ${b}, ${view}`;
}

/** The canvas at the resolution of the screen; draws again when its room changes. */
function useCanvasSize(canvas: React.RefObject<HTMLCanvasElement | null>) {
  const [size, setSize] = useState({ width: 1, height: 1 });
  useLayoutEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const measure = (): void => {
      const { clientWidth, clientHeight } = element;
      const density = Math.min(2, globalThis.devicePixelRatio || 1);
      const next = {
        width: Math.max(1, Math.round(clientWidth * density)),
        height: Math.max(1, Math.round(clientHeight * density)),
      };
      element.width = next.width;
      element.height = next.height;
      setSize(next);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [canvas]);
  return size;
}

/** Draws frames of an unfinished clip into a canvas of its own, one at a time. */
function useLivePicture(live: LiveClip | null): (frame: number) => CanvasImageSource | null {
  return useMemo(() => {
    if (live === null) return (): CanvasImageSource | null => null;
    const { preview } = live;
    const canvas = document.createElement("canvas");
    canvas.width = preview.width;
    canvas.height = preview.height;
    const context = canvas.getContext("2d");
    return (frame: number) => {
      const pixels = previewPixels(preview, frame % preview.frames);
      context?.putImageData(new ImageData(pixels, preview.width), 0, 0);
      return canvas;
    };
  }, [live]);
}
