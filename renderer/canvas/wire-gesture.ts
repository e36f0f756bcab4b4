/** Drawing wires: by pointer from socket to socket, or by keys. */
import { acceptedType } from "../stores/edit/accepted-type.ts";
import { connectAcross } from "../stores/edit/boundaries.ts";
import { disconnect, linkKey } from "../stores/edit/links.ts";
import type { CanvasModel } from "./canvas-model.ts";
import { membersOf } from "./socket-types.ts";
import { joined, socketPlace, type WireEnd, type WireTarget } from "./wire-drag.ts";

/** How near a socket draws a wire's end to itself, in window pixels. */
const SNAP_PX = 24;

/** Set by the canvas: what happens when a wire ends on nothing. */
export interface EmptyDrop {
  /** @param ends one, or the inputs whose links are moved together */
  readonly drop: (ends: readonly WireEnd[], clientX: number, clientY: number) => void;
}

export const emptyDrop: { current: EmptyDrop["drop"] | null } = { current: null };

interface Held {
  readonly from: WireEnd;
  readonly taken?: readonly string[];
  readonly bundle?: readonly WireEnd[];
}

/** All links of an output, taken off there to be moved to another; null when it has none. */
function allOf(canvas: CanvasModel, { node, socket, type }: WireEnd): Held | null {
  const links = [...canvas.scene.store.getState().links.values()].filter(
    ({ link }) => link.from[0] === node && link.from[1] === socket,
  );
  const bundle = links.map(({ link }): WireEnd => ({
    node: link.to[0],
    socket: link.to[1],
    side: "in",
    type,
  }));
  const [from] = bundle;
  return from === undefined ? null : { from, taken: links.map(({ key }) => key), bundle };
}

/** An output's own wire, or the link that an input holds, taken off at that end. */
function wireFrom(canvas: CanvasModel, end: WireEnd, whole: boolean): Held {
  const all = whole && end.side === "out" ? allOf(canvas, end) : null;
  if (all !== null) return all;
  const { links, nodes } = canvas.scene.store.getState();
  const key = linkKey([end.node, end.socket]);
  const link = end.side === "in" ? links.get(key)?.link : undefined;
  if (link === undefined) return { from: end };
  const type = nodes
    .get(link.from[0])
    ?.model.outputs.find(({ name }) => name === link.from[1])?.type;
  return {
    from: { node: link.from[0], socket: link.from[1], side: "out", type: type ?? "*" },
    taken: [key],
  };
}

export function beginWire(canvas: CanvasModel, end: WireEnd, down: PointerEvent): void {
  const { wire } = canvas;
  wire.end();
  let started = false;
  const start = { x: down.clientX, y: down.clientY };
  const move = (event: PointerEvent) => {
    if (!started) {
      if (Math.hypot(event.clientX - start.x, event.clientY - start.y) < 4) return;
      started = true;
      const { from, ...held } = wireFrom(canvas, end, down.shiftKey);
      wire.start(from, canvas.toGraph(event.clientX, event.clientY), held);
    }
    wire.move(
      canvas.toGraph(event.clientX, event.clientY),
      SNAP_PX / canvas.levels.viewport().zoom,
    );
  };
  const finish = () => {
    window.removeEventListener("pointermove", move);
    window.removeEventListener("pointerup", up);
    window.removeEventListener("keydown", key, true);
  };
  const key = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    finish();
    wire.end();
  };
  const up = (event: PointerEvent) => {
    finish();
    if (started) letGo(canvas, event.clientX, event.clientY);
  };
  window.addEventListener("pointermove", move);
  window.addEventListener("pointerup", up);
  window.addEventListener("keydown", key, true);
}

/** The field that a wire was let go on: anywhere on it will do. */
function fieldUnder(canvas: CanvasModel, element: Element | null): WireTarget | null {
  const socket = element?.closest<HTMLElement>("[data-field]")?.dataset["field"];
  const node = element?.closest<HTMLElement>("[data-node]")?.dataset["node"];
  const choices = canvas.wire.choices();
  return choices.find((target) => target.node === node && target.socket === socket) ?? null;
}

/** The ground, or a wire on it: no node and nothing that lies over the canvas. */
const isGround = (element: Element | null): boolean =>
  element !== null &&
  element.closest(".react-flow__pane") !== null &&
  element.closest("[data-node]") === null;

/** The inputs of a bundle with the types that they accept, rather than that of the output they came from. */
function withOwnTypes(canvas: CanvasModel, bundle: readonly WireEnd[]): readonly WireEnd[] {
  const { nodes } = canvas.scene.store.getState();
  return bundle.map((end) => {
    const model = nodes.get(end.node)?.model;
    const field = model?.fields.find(({ input }) => input.name === end.socket)?.input;
    const type =
      model?.inputs.find(({ name }) => name === end.socket)?.type ??
      (field === undefined ? end.type : acceptedType(field.kind, field.type));
    return { ...end, type };
  });
}

function letGo(canvas: CanvasModel, clientX: number, clientY: number): void {
  const { from, taken, bundle, target: near } = canvas.wire.store.getState();
  if (from === null) return;
  const target = near ?? fieldUnder(canvas, document.elementFromPoint(clientX, clientY));
  if (target === null) {
    const drop = isGround(document.elementFromPoint(clientX, clientY)) ? emptyDrop.current : null;
    // A link that was taken off its input is let go of; those of an output stay there until they have another one.
    const isLoose = taken.length > 0 && from.side === "out";
    // The wire stays in sight until the search that follows is closed.
    if (isLoose || drop === null) canvas.wire.end();
    if (isLoose) canvas.edit("Disconnect", (graph) => disconnect(graph, new Set(taken)));
    else drop?.(taken.length > 0 ? withOwnTypes(canvas, bundle) : [from], clientX, clientY);
    return;
  }
  if (!target.fits) {
    canvas.wire.refuse();
    return;
  }
  finishWire(canvas, target);
}

/** Joins the wire in hand to a socket that fits. */
export function finishWire(canvas: CanvasModel, target: WireTarget): void {
  const { from, taken, bundle } = canvas.wire.store.getState();
  canvas.wire.end();
  if (from === null) return;
  const ends = bundle.map((end) => joined(end, target));
  const { links } = canvas.scene.store.getState();
  const isAsBefore = ends.every(([source, sink]) => {
    const before = links.get(linkKey(sink))?.link.from;
    return before?.[0] === source[0] && before[1] === source[1];
  });
  if (isAsBefore) return;
  const type = membersOf(from.type).length === 0 ? target.type : from.type;
  const label =
    taken.length === 0
      ? "Connect"
      : taken.length === 1
        ? "Move a link"
        : `Move ${taken.length} links`;
  canvas.edit(label, (graph) =>
    ends.reduce(
      (now, [source, sink]) => connectAcross(now, source, sink, type),
      disconnect(graph, new Set(taken)),
    ),
  );
}

/** Arrows choose among the sockets that fit, nearest first; Enter joins, Escape drops. */
export function beginWireByKeys(canvas: CanvasModel, end: WireEnd, back: HTMLElement): void {
  const { wire } = canvas;
  const place = socketPlace(canvas.scene.store.getState(), end);
  if (place === null) return;
  wire.start(end, place, { byKeys: true });
  const choices = wire
    .choices()
    .toSorted(
      (a, b) =>
        Math.hypot(a.at[0] - place[0], a.at[1] - place[1]) -
        Math.hypot(b.at[0] - place[0], b.at[1] - place[1]),
    );
  let at = 0;
  const aim = () => {
    const chosen = choices[at];
    if (chosen !== undefined) wire.aim(chosen);
  };
  aim();
  const stop = () => {
    window.removeEventListener("keydown", key, true);
    window.removeEventListener("pointerdown", drop, true);
    back.focus();
  };
  const drop = () => {
    stop();
    wire.end();
  };
  const key = (event: KeyboardEvent) => {
    const step = /^Arrow(Down|Right)$/.test(event.key)
      ? 1
      : /^Arrow(Up|Left)$/.test(event.key)
        ? -1
        : 0;
    if (step !== 0) {
      at = (at + step + choices.length) % Math.max(1, choices.length);
      aim();
    } else if (event.key === "Enter") {
      const chosen = choices[at];
      stop();
      if (chosen === undefined) wire.end();
      else finishWire(canvas, chosen);
    } else if (event.key === "Escape" || event.key === "Tab") drop();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  window.addEventListener("keydown", key, true);
  window.addEventListener("pointerdown", drop, true);
}
