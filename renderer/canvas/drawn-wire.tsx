import { useEffect } from "react";
import type { NodeDescription } from "#runtime/protocol/node-description";
import { socketsMatch } from "#runtime/graph/sockets";
import { connect } from "../stores/edit/links.ts";
import { addNode, freeId } from "../stores/edit/nodes.ts";
import { Button } from "../ui/button.tsx";
import { useCanvas, useWire } from "./canvas-context.tsx";
import { newNode } from "./new-node.ts";
import { socketColor } from "./socket-types.ts";
import { joined, socketPlace, type WireEnd, type WireTarget } from "./wire-drag.ts";
import { wirePath } from "./wire-path.ts";

/** The wire in hand, over the nodes, and what it says when it does not fit. */
export function DrawnWire() {
  const canvas = useCanvas();
  const { from, bundle, pointer, target, refused } = useWire((state) => state);
  useEffect(() => {
    if (!refused) return;
    const drop = (event: Event) => {
      if (event instanceof KeyboardEvent && event.key !== "Escape") return;
      if (event.target instanceof Element && event.target.closest(".refusal") !== null) return;
      canvas.wire.end();
    };
    window.addEventListener("pointerdown", drop, true);
    window.addEventListener("keydown", drop, true);
    return () => {
      window.removeEventListener("pointerdown", drop, true);
      window.removeEventListener("keydown", drop, true);
    };
  }, [refused, canvas]);
  if (from === null) return null;
  const fixed = socketPlace(canvas.scene.store.getState(), from);
  if (fixed === null) return null;
  const free = target?.at ?? pointer;
  const state = canvas.scene.store.getState();
  const paths = bundle.flatMap((end) => {
    const place = socketPlace(state, end);
    if (place === null) return [];
    const [start, stop] = from.side === "out" ? [place, free] : [free, place];
    return [wirePath({ from: start, to: stop, via: [] }, "curved")];
  });
  const color = socketColor(from.type);
  return (
    <>
      <svg className="wires drawn" aria-hidden="true">
        <path className="wire-casing" d={paths.join("")} strokeWidth="5.4" />
        <path
          className="wire-line"
          d={paths.join("")}
          stroke={color}
          strokeWidth="2.4"
          strokeDasharray={target?.fits === true ? undefined : "5 5"}
        />
        {target === null && <circle cx={free[0]} cy={free[1]} r="4" fill={color} />}
        {target !== null && target.fits && (
          <circle className="snap-ring" cx={free[0]} cy={free[1]} r="10" stroke={color} />
        )}
        {target !== null && !target.fits && (
          <g className="refused-ring">
            <circle cx={free[0]} cy={free[1]} r="9" />
            <path d={`M${free[0] - 6} ${free[1] + 6}L${free[0] + 6} ${free[1] - 6}`} />
          </g>
        )}
      </svg>
      {target !== null && target.reason !== null && <Refusal from={from} target={target} />}
    </>
  );
}

function Refusal({ from, target }: { readonly from: WireEnd; readonly target: WireTarget }) {
  const canvas = useCanvas();
  const { descriptions } = canvas.editor.nodes.store.getState();
  const [given, expected] =
    from.side === "out" ? [from.type, target.type] : [target.type, from.type];
  const bridge = target.reason!.startsWith("Expected no loop")
    ? null
    : bridgeNode([...descriptions.values()], given, expected);
  return (
    <div
      className="refusal pop"
      role="alert"
      style={{ left: target.at[0] + 18, top: target.at[1] - 12 }}
    >
      <b>Does not fit.</b> {target.reason}
      {bridge !== null && ` Put ${bridge.node.title} between them.`}
      {bridge !== null && (
        <div>
          <Button small icon="plus" onClick={() => insertBetween(canvas, from, target, bridge)}>
            Insert {bridge.node.title}
          </Button>
        </div>
      )}
    </div>
  );
}

interface Bridge {
  readonly node: NodeDescription;
  readonly input: string;
  readonly output: string;
}

/** A node that takes the one type and gives the other; the one that needs the least besides. */
export function bridgeNode(
  descriptions: readonly NodeDescription[],
  given: string,
  expected: string,
): Bridge | null {
  const found = descriptions
    .filter(({ deprecated }) => !deprecated)
    .flatMap((node) => {
      const sockets = node.inputs.filter(({ kind }) => kind === "socket");
      const input = sockets.find(({ type }) => type !== "*" && socketsMatch(given, type));
      const output = node.outputs.find(({ type }) => type !== "*" && socketsMatch(type, expected));
      if (input === undefined || output === undefined) return [];
      const others = sockets.filter((socket) => !socket.optional && socket !== input);
      const cost = others.length + node.inputs.length / 10;
      return [{ node, input: input.name, output: output.name, cost }];
    })
    .toSorted((a, b) => a.cost - b.cost);
  return found[0] ?? null;
}

function insertBetween(
  canvas: ReturnType<typeof useCanvas>,
  from: WireEnd,
  target: WireTarget,
  bridge: Bridge,
): void {
  const fixed = socketPlace(canvas.scene.store.getState(), from) ?? target.at;
  const [source, sink] = joined(from, target);
  canvas.wire.end();
  canvas.edit(`Insert ${bridge.node.title}`, (graph) => {
    const id = freeId((taken) => taken in graph.nodes, bridge.node.type);
    const at: [number, number] = [
      Math.round((fixed[0] + target.at[0]) / 2 - 104),
      Math.round((fixed[1] + target.at[1]) / 2 - 40),
    ];
    const added = addNode(graph, id, newNode(bridge.node, at));
    return connect(connect(added, source, [id, bridge.input]), [id, bridge.output], sink);
  });
}
