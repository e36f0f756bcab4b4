/** Small pictures of clips: the frame a third of the way, a few decoded at a time, the latest few hundred kept. */
import { decodeFrame, type ClipSource } from "./decode-clip.ts";

const MOST_KEPT = 300;
const AT_ONCE = 3;

const kept = new Map<string, Promise<ImageBitmap>>();
const waiting: (() => void)[] = [];
let working = 0;

export function thumbOf(clip: ClipSource): Promise<ImageBitmap> {
  const known = kept.get(clip.url);
  if (known !== undefined) return known;
  const made = turn().then(async () => {
    try {
      return await decodeFrame(clip, Math.floor(clip.frames / 3));
    } finally {
      working--;
      waiting.shift()?.();
    }
  });
  kept.set(clip.url, made);
  made.catch(() => kept.delete(clip.url));
  for (const [url, picture] of kept) {
    if (kept.size <= MOST_KEPT) break;
    kept.delete(url);
    void picture.then((bitmap) => bitmap.close()).catch(() => undefined);
  }
  return made;
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      working++;
      resolve();
    };
    if (working < AT_ONCE) go();
    else waiting.push(go);
  });
}
