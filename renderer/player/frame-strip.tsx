/** One cell a latent frame, with what its frames saw of each other above. Drag to move in time. */
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { usePanels, usePanelStore } from "../panels/panels-context.tsx";
import type { Clip, LiveClip } from "../stores/player.ts";
import type { ClipFrames } from "./clip-frames.ts";
import {
  firstFrameOfLatent,
  latentCount,
  latentOfFrame,
  middleFrameOfLatent,
} from "./frame-time.ts";
import { previewPixels } from "./preview-frames.ts";
import { useClipFrames } from "./use-clip-frames.ts";

/** Labels stand at least this far apart. */
const LABEL_WIDTH = 22;

interface StripProps {
  readonly clip: Clip | null;
  readonly live: LiveClip | null;
  readonly labels?: boolean;
  readonly name: string;
}

export function FrameStrip({ clip, live, labels = true, name }: StripProps) {
  const { player } = usePanels();
  const frames = useClipFrames(live === null ? clip : null);
  const total = live?.preview.frames ?? clip?.frames ?? 0;
  const cells = live === null ? latentCount(Math.max(1, total)) : total;
  const latentAt = (frame: number): number => (live === null ? latentOfFrame(frame) : frame);
  const current = usePanelStore(
    (panels) => panels.player,
    ({ frame }) => Math.min(cells - 1, latentAt(frame)),
  );
  const frame = usePanelStore(
    (panels) => panels.player,
    (state) => Math.min(state.frame, total - 1),
  );
  const pair = usePanelStore(
    (panels) => panels.player,
    (state) => state.pair,
  );
  const strip = useRef<HTMLDivElement>(null);
  const width = useWidth(strip);
  const every = Math.max(1, Math.ceil(LABEL_WIDTH / Math.max(1, width / cells)));
  const cellAt = (clientX: number): number => {
    const box = strip.current?.getBoundingClientRect();
    if (box === undefined || box.width === 0) return 0;
    return Math.max(0, Math.min(cells - 1, Math.floor(((clientX - box.left) / box.width) * cells)));
  };
  const seekTo = (clientX: number): void => {
    const cell = cellAt(clientX);
    player.seek(live === null ? middleFrameOfLatent(cell, total) : cell);
  };
  const seekKey = (key: string): boolean => {
    const to = { ArrowLeft: current - 1, ArrowRight: current + 1, Home: 0, End: cells - 1 }[key];
    if (to === undefined) return false;
    const cell = Math.max(0, Math.min(cells - 1, to));
    player.set({ playing: false });
    player.seek(live === null ? firstFrameOfLatent(cell) : cell);
    return true;
  };
  return (
    <div className="strip">
      <div
        ref={strip}
        className="strip-cells"
        style={{ gridTemplateColumns: `repeat(${cells}, minmax(0, 1fr))` }}
        role="slider"
        tabIndex={0}
        aria-label={name}
        aria-valuemin={1}
        aria-valuemax={Math.max(1, total)}
        aria-valuenow={frame + 1}
        aria-valuetext={`Frame ${frame + 1} of ${total}, latent frame ${current}`}
        onKeyDown={(event) => {
          if (!seekKey(event.key)) return;
          event.preventDefault();
          event.stopPropagation();
        }}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          player.set({ playing: false });
          seekTo(event.clientX);
        }}
        onPointerMove={(event) => {
          player.set({ hovered: cellAt(event.clientX) });
          if (event.currentTarget.hasPointerCapture(event.pointerId)) seekTo(event.clientX);
        }}
        onPointerLeave={() => player.set({ hovered: null })}
      >
        {Array.from({ length: cells }, (_, i) => (
          <StripCell
            key={i}
            picture={live === null ? pictureOf(frames, i, total) : null}
            live={live}
            index={i}
            state={[
              i === current ? "current" : "",
              pair?.frames === cells && (pair.query === i || pair.key === i) ? "paired" : "",
            ].join(" ")}
          />
        ))}
      </div>
      {labels && (
        <div className="strip-labels" aria-hidden="true">
          {Array.from({ length: cells }, (_, i) =>
            i % every === 0 || i === current ? (
              <span
                key={i}
                className={i === current ? "current" : undefined}
                style={{ left: `${((i + 0.5) / cells) * 100}%` }}
              >
                {live === null ? firstFrameOfLatent(i) + 1 : i + 1}
              </span>
            ) : null,
          )}
        </div>
      )}
    </div>
  );
}

function pictureOf({ pictures }: ClipFrames, latent: number, total: number): ImageBitmap | null {
  return pictures[middleFrameOfLatent(latent, total)] ?? null;
}

interface CellProps {
  readonly picture: ImageBitmap | null;
  readonly live: LiveClip | null;
  readonly index: number;
  readonly state: string;
}

function StripCell({ picture, live, index, state }: CellProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (element === null || !context) return;
    element.width = Math.max(1, element.clientWidth * 2);
    element.height = Math.max(1, element.clientHeight * 2);
    if (picture !== null) cover(context, picture, picture.width, picture.height);
    else if (live !== null) {
      const { preview } = live;
      const small = document.createElement("canvas");
      small.width = preview.width;
      small.height = preview.height;
      small
        .getContext("2d")
        ?.putImageData(new ImageData(previewPixels(preview, index), preview.width), 0, 0);
      cover(context, small, preview.width, preview.height);
    }
  }, [picture, live, index]);
  return <canvas ref={canvas} className={`strip-cell ${state}`} />;
}

/** Fills the cell; what is too wide or too high is cut evenly. */
function cover(
  context: CanvasRenderingContext2D,
  picture: CanvasImageSource,
  width: number,
  height: number,
): void {
  const { width: w, height: h } = context.canvas;
  const scale = Math.max(w / width, h / height);
  context.imageSmoothingQuality = "high";
  context.drawImage(
    picture,
    (w - width * scale) / 2,
    (h - height * scale) / 2,
    width * scale,
    height * scale,
  );
}

export function useWidth(element: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const target = element.current;
    if (target === null) return undefined;
    const measure = (): void => setWidth(target.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(target);
    return () => observer.disconnect();
  }, [element]);
  return width;
}
