/** What the player shows: one or two clips, or the one that is being made, and where in time it is. */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { PreviewFrames } from "#runtime/protocol/service-events";
import type { ResultFile } from "#runtime/protocol/service-values";

export type PlayerView = "single" | "side" | "wipe" | "difference";
export type AttentionView = "off" | "arcs" | "heat";

/** A result as the player needs it. */
export interface Clip {
  readonly url: string;
  readonly name: string;
  readonly file: Pick<ResultFile, "place" | "path">;
  readonly kind: "image" | "video";
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly fps: number;
  /** Job that made it, whose document says how; null when it is not known. */
  readonly job: string | null;
  /** Node that wrote it. */
  readonly node: string | null;
}

/** The clip that is being made: frames after the last finished step. */
export interface LiveClip {
  readonly job: string;
  readonly node: string;
  readonly preview: PreviewFrames;
}

export interface FramePair {
  readonly query: number;
  readonly key: number;
  /** Latent frames of its mask: a clip of another length has no such pair. */
  readonly frames: number;
}

export interface PlayerState {
  readonly a: Clip | null;
  readonly b: Clip | null;
  readonly live: LiveClip | null;
  readonly view: PlayerView;
  /** Place of the wipe, 0 to 1 from the left. */
  readonly wipe: number;
  readonly frame: number;
  readonly playing: boolean;
  readonly loop: boolean;
  readonly rate: number;
  readonly attention: AttentionView;
  /** Frame pair under the pointer in a mask. */
  readonly pair: FramePair | null;
  /** Latent frame under the pointer in the strip; the arcs start there. */
  readonly hovered: number | null;
}

export interface Player {
  readonly store: StoreApi<PlayerState>;
  set(change: Partial<PlayerState>): void;
  /** Shows a clip by itself; the picture that was compared goes. */
  show(clip: Clip): void;
  /** Puts a clip beside the one shown; the view becomes one that shows both. */
  compare(clip: Clip): void;
  /** Frames of what is on screen. */
  length(): number;
  seek(frame: number): void;
}

/** Where a file does not tell. */
export const SHOWN_FPS = 16;
/** Frames of an unfinished clip are latent frames, each as long as four of the clip's. */
const LIVE_FPS = SHOWN_FPS / 4;

/** `plays` says whether a clip may start by itself: not for people who asked for less motion. */
export function createPlayer(plays: () => boolean = () => true): Player {
  const store = createStore<PlayerState>(() => ({
    a: null,
    b: null,
    live: null,
    view: "single",
    wipe: 0.5,
    frame: 0,
    playing: false,
    loop: true,
    rate: 1,
    attention: "arcs",
    pair: null,
    hovered: null,
  }));
  const length = () => shownFrames(store.getState());
  return {
    store,
    set: (change) => store.setState(change),
    show: (clip) =>
      store.setState((state) => ({
        a: clip,
        b: state.b?.url === clip.url ? null : state.b,
        live: null,
        frame: 0,
        playing: clip.frames > 1 && plays(),
        view: "single",
      })),
    compare: (clip) =>
      store.setState((state) => {
        if (state.a === null) return { a: clip, live: null, frame: 0 };
        if (state.a.url === clip.url) return { b: null, view: "single" };
        return { b: clip, live: null, view: state.view === "single" ? "wipe" : state.view };
      }),
    length,
    seek: (frame) =>
      store.setState({ frame: Math.max(0, Math.min(length() - 1, Math.round(frame))) }),
  };
}

export function shownFrames(state: Pick<PlayerState, "a" | "b" | "live" | "view">): number {
  if (state.live !== null) return state.live.preview.frames;
  const second = state.view === "single" ? null : state.b;
  return Math.max(1, state.a?.frames ?? 1, second?.frames ?? 1);
}

export function shownFps(state: Pick<PlayerState, "a" | "live">): number {
  return state.live === null ? (state.a?.fps ?? SHOWN_FPS) : LIVE_FPS;
}
