/** A wire that is being drawn: where its fixed end is, where the free one is, and what it would join. */
import { createStore, type StoreApi } from "zustand/vanilla";
import { socketsMatch } from "#runtime/graph/sockets";
import { acceptedType } from "../stores/edit/accepted-type.ts";
import type { Socket } from "../stores/edit/links.ts";
import type { Point } from "../stores/edit/nodes.ts";
import type { Scene, SceneState } from "./scene.ts";

export interface WireEnd {
  readonly node: string;
  readonly socket: string;
  /** "out": drawn from an output to an input. */
  readonly side: "in" | "out";
  readonly type: string;
}

export interface WireTarget {
  readonly node: string;
  readonly socket: string;
  readonly type: string;
  readonly at: Point;
  readonly fits: boolean;
  /** Why it does not fit. */
  readonly reason: string | null;
}

export interface WireDragState {
  readonly from: WireEnd | null;
  /** Links that were taken off, by key: one off its input, or all of an output. */
  readonly taken: readonly string[];
  /** The other ends of the links of an output that are moved together, `from` among them. */
  readonly bundle: readonly WireEnd[];
  readonly pointer: Point;
  readonly target: WireTarget | null;
  /** Drawn by keys rather than by pointer. */
  readonly byKeys: boolean;
  /** It was let go on what does not fit, and says why until it is dropped. */
  readonly refused: boolean;
  /** Sockets that fit, by targetKey(). */
  readonly fits: ReadonlySet<string>;
}

export const targetKey = (node: string, socket: string, side: "in" | "out"): string =>
  `${side} ${node} ${socket}`;

export interface WireDrag {
  readonly store: StoreApi<WireDragState>;
  start(
    from: WireEnd,
    pointer: Point,
    options?: { taken?: readonly string[]; bundle?: readonly WireEnd[]; byKeys?: boolean },
  ): void;
  /** @param reach how near a socket draws the end to itself, in canvas units */
  move(pointer: Point, reach: number): void;
  aim(target: WireTarget): void;
  refuse(): void;
  /** Sockets that fit, nearest to the fixed end first. */
  choices(): readonly WireTarget[];
  end(): void;
}

const IDLE: WireDragState = {
  from: null,
  taken: [],
  bundle: [],
  pointer: [0, 0],
  target: null,
  byKeys: false,
  refused: false,
  fits: new Set(),
};

export function socketPlace(
  state: SceneState,
  end: Pick<WireEnd, "node" | "socket" | "side">,
): Point | null {
  const box = state.boxes.get(end.node);
  const view = state.nodes.get(end.node);
  if (box === undefined || view === undefined) return null;
  const y = (end.side === "out" ? view.layout.outputs : view.layout.inputs).get(end.socket);
  return y === undefined ? null : [box.x + (end.side === "out" ? box.width : 0), box.y + y];
}

/** A node and all that it needs, or all that needs it: joining it there would make a node need its own result. */
function reached(state: SceneState, node: string, where: "before" | "after"): ReadonlySet<string> {
  const next = new Map<string, string[]>();
  for (const { link } of state.links.values()) {
    const [at, to] = where === "after" ? [link.from[0], link.to[0]] : [link.to[0], link.from[0]];
    const list = next.get(at);
    if (list === undefined) next.set(at, [to]);
    else list.push(to);
  }
  const seen = new Set<string>();
  const open = [node];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(next.get(id) ?? []));
  }
  return seen;
}

/** Every socket that the wire could end at, with whether it fits. */
export function wireTargets(state: SceneState, from: WireEnd): readonly WireTarget[] {
  const targets: WireTarget[] = [];
  const looping = reached(state, from.node, from.side === "out" ? "before" : "after");
  const add = (node: string, socket: string, type: string) => {
    if (node === from.node) return;
    const side = from.side === "out" ? "in" : "out";
    const at = socketPlace(state, { node, socket, side });
    if (at === null) return;
    const [given, expected] = from.side === "out" ? [from.type, type] : [type, from.type];
    const match = socketsMatch(given, expected);
    const loop = match && looping.has(node);
    const reason = !match
      ? `Expected ${expected}, got ${given}.`
      : loop
        ? "Expected no loop: this node would need its own result."
        : null;
    targets.push({ node, socket, type, at, fits: reason === null, reason });
  };
  for (const { id, model } of state.nodes.values()) {
    if (from.side === "in") for (const { name, type } of model.outputs) add(id, name, type);
    else {
      for (const { name, type } of model.inputs) add(id, name, type);
      for (const { input } of model.fields)
        add(id, input.name, acceptedType(input.kind, input.type));
    }
  }
  return targets;
}

/** Where all of several wires could end; one that any of them does not fit says why. */
function commonTargets(state: SceneState, bundle: readonly WireEnd[]): readonly WireTarget[] {
  const [first = [], ...others] = bundle.map((end) => wireTargets(state, end));
  const refusals = new Map(
    others.flat().flatMap((target) => {
      const { node, socket, reason } = target;
      return reason === null ? [] : [[targetKey(node, socket, "out"), reason] as const];
    }),
  );
  return first.map((target) => {
    const reason = refusals.get(targetKey(target.node, target.socket, "out"));
    return reason === undefined || !target.fits ? target : { ...target, fits: false, reason };
  });
}

/** The two ends of the link that a target makes. */
export function joined(
  from: WireEnd,
  target: Pick<WireTarget, "node" | "socket">,
): readonly [Socket, Socket] {
  const own: Socket = [from.node, from.socket];
  const other: Socket = [target.node, target.socket];
  return from.side === "out" ? [own, other] : [other, own];
}

export function createWireDrag(scene: Scene): WireDrag {
  const store = createStore<WireDragState>(() => IDLE);
  let targets: readonly WireTarget[] = [];
  return {
    store,
    start(from, pointer, { taken = [], bundle = [from], byKeys = false } = {}) {
      targets = commonTargets(scene.store.getState(), bundle);
      const side = from.side === "out" ? "in" : "out";
      const fits = targets
        .filter((target) => target.fits)
        .map(({ node, socket }) => targetKey(node, socket, side));
      store.setState({ ...IDLE, from, pointer, taken, bundle, byKeys, fits: new Set(fits) });
    },
    move(pointer, reach) {
      let target: WireTarget | null = null;
      let least = reach;
      for (const candidate of targets) {
        const distance = Math.hypot(candidate.at[0] - pointer[0], candidate.at[1] - pointer[1]);
        // One that does not fit is only hit squarely, so that it does not hide one that does.
        const hit = candidate.fits ? distance : distance * 2;
        if (hit < least) {
          least = hit;
          target = candidate;
        }
      }
      store.setState({ pointer, target });
    },
    aim: (target) => store.setState({ target, pointer: target.at }),
    refuse: () => store.setState({ refused: true }),
    choices: () => targets.filter(({ fits }) => fits),
    end: () => store.setState(IDLE),
  };
}
