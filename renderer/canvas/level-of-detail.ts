/** How much of each node is drawn: all of it, a tile, or a bare block; and only near what is on screen. */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { LinkScene, Scene } from "./scene.ts";

export type Detail = "full" | "tile" | "block";

export interface LevelsState {
  readonly detail: Detail;
  /** Nodes near what is on screen. */
  readonly near: ReadonlySet<string>;
  /** Links that come near what is on screen. */
  readonly nearLinks: ReadonlySet<string>;
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
  /** Draws at once what is in view now. */
  refresh(): void;
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

/** A wire bows out beyond its ends by as much. */
const BOW = 160;

const areas = new WeakMap<LinkScene, readonly [number, number, number, number]>();

/** Left, top, right and bottom of where a link runs. */
function linkArea(link: LinkScene): readonly [number, number, number, number] {
  const found = areas.get(link);
  if (found !== undefined) return found;
  const points = [link.from, ...link.via, link.to];
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const area = [
    Math.min(...xs) - BOW,
    Math.min(...ys) - BOW,
    Math.max(...xs) + BOW,
    Math.max(...ys) + BOW,
  ] as const;
  areas.set(link, area);
  return area;
}

const sameSet = <T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean => {
  if (a.size !== b.size) return false;
  for (const item of a) if (!b.has(item)) return false;
  return true;
};

export function detailAt(zoom: number): Detail {
  if (zoom < BLOCK_BELOW) return "block";
  return zoom < TILE_BELOW ? "tile" : "full";
}

/** @param held nodes that are dragged: wherever they are, they are looked at */
export function createLevels(scene: Scene, held: () => Iterable<string> = () => []): Levels {
  const store = createStore<LevelsState>(() => ({
    detail: "full",
    near: new Set(),
    nearLinks: new Set(),
  }));
  const listeners = new Set<(viewport: Viewport) => void>();
  let viewport: Viewport = { x: 0, y: 0, zoom: 1 };
  let size: readonly [number, number] = [0, 0];
  let timer: ReturnType<typeof setTimeout> | undefined;

  function update(): void {
    clearTimeout(timer);
    timer = undefined;
    const { zoom } = viewport;
    const detail = detailAt(zoom);
    const now = store.getState();
    if (detail === "block") {
      if (now.detail !== detail) store.setState({ detail });
      return;
    }
    const [width, height] = size;
    const left = (-viewport.x - width * BEYOND) / zoom;
    const top = (-viewport.y - height * BEYOND) / zoom;
    const right = left + (width * (1 + 2 * BEYOND)) / zoom;
    const bottom = top + (height * (1 + 2 * BEYOND)) / zoom;
    const { boxes, links } = scene.store.getState();
    const near = new Set(held());
    for (const [id, box] of boxes)
      if (box.x < right && box.x + box.width > left && box.y < bottom && box.y + box.height > top)
        near.add(id);
    const nearLinks = new Set<string>();
    for (const link of links.values()) {
      const area = linkArea(link);
      if (area[0] < right && area[2] > left && area[1] < bottom && area[3] > top)
        nearLinks.add(link.key);
    }
    const next = {
      detail,
      near: sameSet(near, now.near) ? now.near : near,
      nearLinks: sameSet(nearLinks, now.nearLinks) ? now.nearLinks : nearLinks,
    };
    if (next.detail !== now.detail || next.near !== now.near || next.nearLinks !== now.nearLinks)
      store.setState(next);
  }

  // What comes or moves is as near as the view says; of another graph, nothing is until it was looked at.
  scene.store.subscribe((state, last) => {
    if (state.document !== last.document || state.path.join() !== last.path.join())
      store.setState({ near: new Set(), nearLinks: new Set() });
    else if (state.boxes !== last.boxes || state.links !== last.links) update();
  });

  return {
    store,
    refresh: update,
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
