import { useEffect, useRef } from "react";
import { drawView } from "../../player/draw-view.ts";
import { useClipFrames } from "../../player/use-clip-frames.ts";
import type { Clip } from "../../stores/player.ts";
import { usePanels } from "../panels-context.tsx";

const WIDTH = 272;

/** Where A and B differ in the frame in view. */
export function DifferencePicture({ a, b }: { readonly a: Clip; readonly b: Clip }) {
  const { player } = usePanels();
  const canvas = useRef<HTMLCanvasElement>(null);
  const framesA = useClipFrames(a);
  const framesB = useClipFrames(b);
  const aspect = a.width / a.height;
  const height = Math.min(WIDTH, Math.round(WIDTH / aspect));
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    element.width = WIDTH;
    element.height = height;
    const paint = (): void => {
      const { frame } = player.store.getState();
      const pictures = {
        a: framesA.pictures[frame] ?? framesA.pictures.at(-1) ?? null,
        b: framesB.pictures[frame] ?? framesB.pictures.at(-1) ?? null,
        aspect,
      };
      if (pictures.a !== null && pictures.b !== null) drawView(element, "difference", pictures, 0);
    };
    paint();
    return player.store.subscribe((state, before) => {
      if (state.frame !== before.frame) paint();
    });
  }, [player, framesA, framesB, aspect, height]);
  return (
    <canvas
      ref={canvas}
      className="difference-picture"
      role="img"
      aria-label="Difference of A and B, four times enlarged"
    />
  );
}
