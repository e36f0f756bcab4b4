/**
 * What is under way on screen and not yet in the document: where dragged nodes are, and the wires that follow them. Only
 * those who draw what moves are told, so that a drag costs what it moves and not what the graph holds.
 */
import { createStore, type StoreApi } from "zustand/vanilla";
import { groupMembers, isFolded, type Box } from "../stores/edit/groups.ts";
import type { Point } from "../stores/edit/nodes.ts";
import type { LinkScene, SceneState } from "./scene.ts";

export interface MotionState {
  /** Links that are drawn where they are being moved to; the same set for as long as the same things move. */
  readonly links: ReadonlySet<string>;
}

export interface Motion {
  readonly store: StoreApi<MotionState>;
  /** Where nodes and groups ("group:0") are for now; an empty map puts everything back in its place. */
  setMoving(moving: ReadonlyMap<string, Point>): void;
  /** The points that a link runs through for now; null: those of the document. */
  setMovingVia(key: string, via: readonly Point[] | null): void;
  readonly moving: () => ReadonlyMap<string, Point>;
  /** A link as it is drawn now. */
  link(key: string): LinkScene | undefined;
  onLink(key: string, listener: () => void): () => void;
  /** Called with what moved, and with what came back to its place. */
  onPlaces(
    listener: (moving: ReadonlyMap<string, Point>, back: Iterable<string>) => void,
  ): () => void;
}

const NO_LINKS: ReadonlySet<string> = new Set();

const shifted = (box: Box, [dx, dy]: Point): Box => ({ ...box, x: box.x + dx, y: box.y + dy });

/** How far each node is from its place; those of a folded group go with it. */
function offsets(state: SceneState, moving: ReadonlyMap<string, Point>): Map<string, Point> {
  const found = new Map<string, Point>();
  for (const [id, at] of moving) {
    const box = state.boxes.get(id);
    if (box !== undefined) found.set(id, [at[0] - box.x, at[1] - box.y]);
  }
  state.graph?.groups?.forEach((group, index) => {
    if (!isFolded(group)) return;
    const at = moving.get(`group:${index}`);
    const offset: Point = at === undefined ? [0, 0] : [at[0] - group.at[0], at[1] - group.at[1]];
    // Its wires end at its own edge, wherever its nodes are.
    for (const id of groupMembers(group, state.boxes)) {
      if (at === undefined) found.delete(id);
      else found.set(id, offset);
    }
  });
  return found;
}

export function createMotion(scene: StoreApi<SceneState>): Motion {
  const store = createStore<MotionState>(() => ({ links: NO_LINKS }));
  const listeners = new Map<string, Set<() => void>>();
  const placeListeners = new Set<Parameters<Motion["onPlaces"]>[0]>();
  const vias = new Map<string, readonly Point[]>();
  let moving: ReadonlyMap<string, Point> = new Map();
  let drawn: ReadonlyMap<string, LinkScene> = new Map();
  let touching: ReadonlyMap<string, readonly LinkScene[]> = new Map();
  let touchingOf: SceneState["links"] | null = null;

  function linksOf(node: string): readonly LinkScene[] {
    const { links } = scene.getState();
    if (touchingOf !== links) {
      const next = new Map<string, LinkScene[]>();
      for (const link of links.values())
        for (const [id] of [link.link.from, link.link.to]) {
          const list = next.get(id);
          if (list === undefined) next.set(id, [link]);
          else list.push(link);
        }
      touching = next;
      touchingOf = links;
    }
    return touching.get(node) ?? [];
  }

  function redraw(): void {
    const state = scene.getState();
    const away = offsets(state, moving);
    const next = new Map<string, LinkScene>();
    const put = (link: LinkScene) => {
      const from = away.get(link.link.from[0]) ?? [0, 0];
      const to = away.get(link.link.to[0]) ?? [0, 0];
      next.set(link.key, {
        ...link,
        from: [link.from[0] + from[0], link.from[1] + from[1]],
        to: [link.to[0] + to[0], link.to[1] + to[1]],
        via: vias.get(link.key) ?? link.via,
        fromBox: shifted(link.fromBox, from),
        toBox: shifted(link.toBox, to),
      });
    };
    for (const id of away.keys())
      for (const link of linksOf(id)) if (!next.has(link.key)) put(link);
    for (const key of vias.keys()) {
      const link = state.links.get(key);
      if (link !== undefined && !next.has(key)) put(link);
    }
    const before = drawn;
    drawn = next;
    const { links } = store.getState();
    const same = links.size === next.size && [...next.keys()].every((key) => links.has(key));
    if (!same) store.setState({ links: next.size === 0 ? NO_LINKS : new Set(next.keys()) });
    for (const key of next.keys()) listeners.get(key)?.forEach((listener) => listener());
    for (const key of before.keys())
      if (!next.has(key)) listeners.get(key)?.forEach((listener) => listener());
  }

  // An edit while things move changes what they are away from.
  scene.subscribe((state, last) => {
    if (drawn.size > 0 && (state.links !== last.links || state.boxes !== last.boxes)) redraw();
  });

  return {
    store,
    setMoving(next) {
      const back = [...moving.keys()].filter((id) => !next.has(id));
      moving = next;
      for (const listener of placeListeners) listener(next, back);
      redraw();
    },
    setMovingVia(key, via) {
      if (via === null) vias.delete(key);
      else vias.set(key, via);
      redraw();
    },
    moving: () => moving,
    link: (key) => drawn.get(key) ?? scene.getState().links.get(key),
    onLink(key, listener) {
      const own = listeners.get(key) ?? new Set();
      listeners.set(key, own.add(listener));
      return () => {
        own.delete(listener);
        if (own.size === 0) listeners.delete(key);
      };
    },
    onPlaces(listener) {
      placeListeners.add(listener);
      return () => placeListeners.delete(listener);
    },
  };
}
