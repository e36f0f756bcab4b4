import { useEffect, useRef } from "react";
import type { PreviewFrames } from "#runtime/protocol/service-events";
import { previewPixels } from "./preview-frames.ts";

/** The middle frame of an unfinished clip. */
export function PreviewThumb({ preview }: { readonly preview: PreviewFrames }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    element.width = preview.width;
    element.height = preview.height;
    const pixels = previewPixels(preview, Math.floor(preview.frames / 2));
    element.getContext("2d")?.putImageData(new ImageData(pixels, preview.width), 0, 0);
  }, [preview]);
  return <canvas ref={canvas} />;
}
