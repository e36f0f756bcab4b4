/** Decoded clips, shared by all that show them; the longest unused go when they hold too much. */
import { createStore, type StoreApi } from "zustand/vanilla";
import { CLIP_BUDGET, decodeClip, type ClipSource } from "./decode-clip.ts";

export interface ClipFrames {
  /** Grows while the clip is decoded; a missing one is not there yet. */
  readonly pictures: readonly (ImageBitmap | undefined)[];
  readonly done: boolean;
  readonly problem: string | null;
}

const NONE: ClipFrames = { pictures: [], done: false, problem: null };
const MOST_BYTES = 768 * 2 ** 20;
/** Pictures are told in handfuls: each one would render all that shows the clip. */
const HANDFUL = 8;

interface Held {
  readonly store: StoreApi<ClipFrames>;
  readonly abort: AbortController;
  users: number;
  bytes: number;
  used: number;
}

const held = new Map<string, Held>();
let clock = 0;

/** Holds a clip, in pictures of at most `budget` bytes, until the returned function is called. */
export function holdClip(
  clip: ClipSource,
  budget = CLIP_BUDGET,
): { store: StoreApi<ClipFrames>; release: () => void } {
  const key = `${budget} ${clip.url}`;
  const entry = held.get(key) ?? start(key, clip, budget);
  entry.users++;
  entry.used = ++clock;
  let released = false;
  return {
    store: entry.store,
    release: () => {
      if (released) return;
      released = true;
      entry.users--;
      tidy();
    },
  };
}

function start(key: string, clip: ClipSource, budget: number): Held {
  const store = createStore<ClipFrames>(() => NONE);
  const entry: Held = { store, abort: new AbortController(), users: 0, bytes: 0, used: 0 };
  held.set(key, entry);
  const pictures: ImageBitmap[] = [];
  const tell = (done: boolean, problem: string | null = null): void =>
    store.setState({ pictures: [...pictures], done, problem });
  decodeClip(
    clip,
    (index, picture) => {
      pictures[index] = picture;
      entry.bytes += picture.width * picture.height * 4;
      if (index === 0 || index % HANDFUL === 0) tell(false);
    },
    entry.abort.signal,
    budget,
  )
    .then(() => tell(true))
    .catch((error: unknown) => tell(true, error instanceof Error ? error.message : String(error)));
  return entry;
}

function tidy(): void {
  const idle = [...held]
    .filter(([, { users }]) => users === 0)
    .toSorted(([, a], [, b]) => a.used - b.used);
  let total = [...held.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  for (const [key, entry] of idle) {
    if (total <= MOST_BYTES) return;
    total -= entry.bytes;
    entry.abort.abort();
    for (const picture of entry.store.getState().pictures) picture?.close();
    held.delete(key);
  }
}
