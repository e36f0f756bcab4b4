import { memo } from "react";
import { useCanvas, useScene, useWire } from "./canvas-context.tsx";
import { SocketGlyph } from "./socket-glyph.tsx";
import { typeLabel } from "./socket-types.ts";
import { targetKey } from "./wire-drag.ts";
import { beginWire, beginWireByKeys } from "./wire-gesture.ts";
import { linkKey } from "../stores/edit/links.ts";

interface SocketProps {
  readonly node: string;
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly side: "in" | "out";
  /** A link ends at it; for outputs, unknown and not needed. */
  readonly linked: boolean;
  readonly optional: boolean;
  /** Required, empty, and Run was tried. */
  readonly wanted?: boolean;
}

/** A socket on the node's edge: 24 px to hit, 14 px to see. */
export const Socket = memo(function Socket(props: SocketProps) {
  const { node, name, label, type, side, linked, optional, wanted = false } = props;
  const canvas = useCanvas();
  const fit = useWire((state) => {
    if (state.from === null || (state.from.node === node && state.from.socket === name)) return "";
    return state.fits.has(targetKey(node, name, side)) ? "fits" : "unfit";
  });
  const aimed = useWire(
    ({ target }) => target !== null && target.node === node && target.socket === name,
  );
  const source = useScene((state) => {
    if (side === "out" || !linked) return "";
    const link = state.links.get(linkKey([node, name]))?.link;
    return link === undefined ? "" : (state.nodes.get(link.from[0])?.model.title ?? "");
  });
  const classes = [
    "socket nodrag nopan",
    side,
    fit,
    aimed && "aimed",
    !linked && optional && side === "in" && "faint",
    wanted && "wanted",
  ];
  const words = `${label === "" ? name : label} ${side === "in" ? "input" : "output"}, ${typeLabel(type)}${source === "" ? "" : `, linked to ${source}`}`;
  return (
    <div
      className={classes.filter(Boolean).join(" ")}
      role="button"
      tabIndex={-1}
      aria-label={words}
      aria-disabled={fit === "unfit"}
      data-socket={name}
      title={`${name}: ${typeLabel(type)}`}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.stopPropagation();
        beginWire(canvas, { node, socket: name, side, type }, event.nativeEvent);
      }}
      onKeyDown={(event) => {
        if (event.key !== "c" || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        event.stopPropagation();
        beginWireByKeys(canvas, { node, socket: name, side, type }, event.currentTarget);
      }}
    >
      <SocketGlyph type={type} />
    </div>
  );
});
