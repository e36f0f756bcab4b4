import { useEffect, useState } from "react";
import type { Clip } from "../stores/player.ts";
import { holdClip, type ClipFrames } from "./clip-frames.ts";

const NONE: ClipFrames = { pictures: [], done: false, problem: null };

/** The decoded frames of a clip, growing while they are read; none for null. */
export function useClipFrames(clip: Clip | null, budget?: number): ClipFrames {
  const [shown, setShown] = useState<{ readonly url: string; readonly frames: ClipFrames } | null>(
    null,
  );
  const url = clip?.url ?? null;
  useEffect(() => {
    if (clip === null) return undefined;
    const { store, release } = holdClip(clip, budget);
    const tell = () => setShown({ url: clip.url, frames: store.getState() });
    tell();
    const unsubscribe = store.subscribe(tell);
    return () => {
      unsubscribe();
      release();
    };
    // A clip is its file: a new object with the same address is the same clip.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [url, budget]);
  return shown !== null && shown.url === url ? shown.frames : NONE;
}
