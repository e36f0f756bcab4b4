/** How much of each node is drawn: all of it, a tile, or a bare block; and only near what is on screen. */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { Scene } from "./scene.ts";

export type Detail = "full" | "tile" | "block";

export interface LevelsState {
  readonly detail: Detail;
  /** Nodes near what is on screen. */
  readonly near: ReadonlySet<string>;
}

export interface Viewport {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

export interface Levels {
  readonly store: StoreApi<LevelsState>;
  /** The view has moved: cheap, called every frame. */
  look(viewport: Viewport): void;
  /** The canvas has another size, in window pixels. */
  resize(width: number, height: number): void;
  readonly viewport: () => Viewport;
  readonly size: () => readonly [number, number];
  /** Called with every move, outside of React. */
  onLook(listener: (viewport: Viewport) => void): () => void;
}

const TILE_BELOW = 0.45;
const BLOCK_BELOW = 0.2;
/** Nodes this many screens beyond the edge are drawn in full too. */
const BEYOND = 0.5;
const EVERY_MS = 120;

export function detailAt(zoom: number): Detail {
  if (zoom < BLOCK_BELOW) return "block";
  return zoom < TILE_BELOW ? "tile" : "full";
}

export function createLevels(scene: Scene): Levels {
  const store = createStore<LevelsState>(() => ({ detail: "full", near: new Set() }));
  const listeners = new Set<(viewport: Viewport) => void>();
  let viewport: Viewport = { x: 0, y: 0, zoom: 1 };
  let size: readonly [number, number] = [0, 0];
  let timer: ReturnType<typeof setTimeout> | undefined;

  function update(): void {
    timer = undefined;
    const { zoom } = viewport;
    const detail = detailAt(zoom);
    const now = store.getState();
    if (detail !== "full") {
      if (now.detail !== detail) store.setState({ detail });
      return;
    }
    const [width, height] = size;
    const left = (-viewport.x - width * BEYOND) / zoom;
    const top = (-viewport.y - height * BEYOND) / zoom;
    const right = left + (width * (1 + 2 * BEYOND)) / zoom;
    const bottom = top + (height * (1 + 2 * BEYOND)) / zoom;
    const near = new Set<string>();
    for (const [id, box] of scene.store.getState().boxes)
      if (box.x < right && box.x + box.width > left && box.y < bottom && box.y + box.height > top)
        near.add(id);
    const same = near.size === now.near.size && [...near].every((id) => now.near.has(id));
    if (!same || now.detail !== detail) store.setState({ detail, near: same ? now.near : near });
  }

  // Nodes that come or move are as near as the view says.
  scene.store.subscribe((state, last) => {
    if (state.boxes !== last.boxes) timer ??= setTimeout(update, 0);
  });

  return {
    store,
    viewport: () => viewport,
    size: () => size,
    resize(width, height) {
      size = [width, height];
      timer ??= setTimeout(update, EVERY_MS);
    },
    look(next) {
      viewport = next;
      for (const listener of listeners) listener(next);
      timer ??= setTimeout(update, EVERY_MS);
    },
    onLook(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
