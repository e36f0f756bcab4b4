/** One frame of a clip as a small picture. Decoded once when it comes into view; it plays while the pointer is on it. */
import { useEffect, useRef, useState } from "react";
import type { Clip } from "../stores/player.ts";
import { thumbOf } from "./thumbs.ts";
import { useClipFrames } from "./use-clip-frames.ts";

interface FrameThumbProps {
  readonly clip: Clip;
  /** Plays the clip under the pointer. */
  readonly plays?: boolean;
}

export function FrameThumb({ clip, plays = false }: FrameThumbProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [seen, setSeen] = useState(false);
  const [over, setOver] = useState(false);
  const frames = useClipFrames(plays && over ? clip : null);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) setSeen(true);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    let wanted = true;
    if (seen) {
      thumbOf(clip)
        .then((picture) => {
          if (wanted) paint(canvas.current, picture);
        })
        // The file is gone; its place stays empty.
        .catch(() => undefined);
    }
    return () => {
      wanted = false;
    };
    // A clip is its file.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [seen, clip.url]);
  useEffect(() => {
    if (!over || frames.pictures.length === 0) return undefined;
    const start = performance.now();
    let request = requestAnimationFrame(function play(time) {
      const at = Math.floor(((time - start) / 1000) * clip.fps) % frames.pictures.length;
      const picture = frames.pictures[at];
      if (picture !== undefined) paint(canvas.current, picture);
      request = requestAnimationFrame(play);
    });
    return () => cancelAnimationFrame(request);
  }, [over, frames, clip.fps]);
  return (
    <canvas
      ref={canvas}
      aria-hidden="true"
      onPointerEnter={() => setOver(plays && clip.frames > 1)}
      onPointerLeave={() => setOver(false)}
    />
  );
}

function paint(canvas: HTMLCanvasElement | null, picture: ImageBitmap): void {
  if (canvas === null) return;
  if (canvas.width !== picture.width) canvas.width = picture.width;
  if (canvas.height !== picture.height) canvas.height = picture.height;
  canvas.getContext("2d")?.drawImage(picture, 0, 0);
}
