import { useEffect, useRef } from "react";
import type { PreviewFrames } from "#runtime/protocol/service-events";
import type { ResultFile } from "#runtime/protocol/service-values";
import { useEditor } from "../editor-context.tsx";
import { usePanels } from "../panels/panels-context.tsx";
import { PREVIEW_FEATURES } from "../slots.tsx";
import type { NodeRunState } from "../stores/run-events.ts";
import { useCanvas } from "./canvas-context.tsx";
import { useMeasured } from "./node-fields.tsx";
import type { NodeScene } from "./scene.ts";

const PREVIEW_FPS = 12;

export const isShown = (result: NodeRunState["results"][number]): result is ResultFile =>
  result.kind === "image" || result.kind === "video";

interface PreviewProps {
  readonly view: NodeScene;
  readonly run: NodeRunState;
}

/** Frames of the unfinished clip while it samples, then what was made. */
export function NodePreview({ view, run }: PreviewProps) {
  const part = useRef<HTMLDivElement>(null);
  const { document } = useCanvas().scene.store.getState();
  useMeasured(part, view.id, "preview");
  const result = run.results.findLast(isShown);
  const Feature = PREVIEW_FEATURES[view.node.type];
  return (
    <div ref={part} className="node-preview">
      {run.preview !== null ? (
        <LoopingFrames preview={run.preview} />
      ) : (
        result !== undefined && <Result result={result} node={view.id} />
      )}
      {Feature !== undefined && document !== null && <Feature document={document} node={view.id} />}
      {run.preview !== null && (
        <span className="picture-label" style={{ left: 6, bottom: 6 }}>
          <i className="live-dot" />
          {run.preview.frames} frames, looping
        </span>
      )}
      {run.preview !== null && run.secondsPerUnit !== null && (
        <span className="picture-label" style={{ right: 6, bottom: 6 }}>
          {run.secondsPerUnit.toFixed(run.secondsPerUnit < 10 ? 1 : 0)} s/it
        </span>
      )}
      {run.preview === null && result !== undefined && (
        <span className="picture-label" style={{ left: 6, bottom: 6 }}>
          {result.fps === undefined
            ? `${result.width} × ${result.height}`
            : `${(result.frames / result.fps).toFixed(1)} s`}
        </span>
      )}
    </div>
  );
}

function Result({ result, node }: { readonly result: ResultFile; readonly node: string }) {
  const { client, layout } = useEditor();
  const { player, results } = usePanels();
  const url = client.mediaUrl(result);
  const style = { aspectRatio: `${result.width} / ${result.height}` };
  return (
    <button
      type="button"
      className="preview-open nodrag"
      aria-label="Show in the player"
      onClick={() => {
        player.show(results.clipOf(result, node));
        layout.showDock("player");
      }}
    >
      {result.kind === "video" ? (
        <video src={url} style={style} muted loop autoPlay playsInline />
      ) : (
        <img src={url} style={style} alt="" draggable={false} />
      )}
    </button>
  );
}

/** Plays frames as a loop on a canvas, outside of React. */
export function LoopingFrames({ preview }: { readonly preview: PreviewFrames }) {
  const target = useRef<HTMLCanvasElement>(null);
  const frame = useRef(0);
  useEffect(() => {
    const context = target.current?.getContext("2d");
    if (context === null || context === undefined) return;
    const { width, height, frames, data } = preview;
    const image = context.createImageData(width, height);
    const size = width * height;
    const draw = () => {
      const start = (frame.current % frames) * size * 3;
      for (let i = 0, from = start, to = 0; i < size; i++, from += 3, to += 4) {
        image.data[to] = data[from]!;
        image.data[to + 1] = data[from + 1]!;
        image.data[to + 2] = data[from + 2]!;
        image.data[to + 3] = 255;
      }
      context.putImageData(image, 0, 0);
      frame.current = (frame.current + 1) % frames;
    };
    draw();
    if (frames < 2 || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const timer = setInterval(draw, 1000 / PREVIEW_FPS);
    return () => clearInterval(timer);
  }, [preview]);
  return <canvas ref={target} width={preview.width} height={preview.height} />;
}
