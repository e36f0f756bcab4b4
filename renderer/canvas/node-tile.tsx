import { useNodeRun, useTabStop, useCanvas } from "./canvas-context.tsx";
import { tintColor } from "./categories.ts";
import { nodeKeys } from "./node-keys.ts";
import { nodeName } from "./node-name.ts";
import type { NodeScene } from "./scene.ts";
import { socketColor } from "./socket-types.ts";

interface TileProps {
  readonly view: NodeScene;
  readonly selected: boolean;
}

function useTile({ view, selected }: TileProps, kind: string) {
  const canvas = useCanvas();
  const { id, node } = view;
  const run = useNodeRun(id);
  const tabStop = useTabStop(id);
  const classes = [
    kind,
    selected && "selected",
    run?.status === "running" && "running",
    node.state,
  ];
  return {
    className: classes.filter(Boolean).join(" "),
    role: "group",
    "aria-label": nodeName(view, run, 0),
    "data-node": id,
    tabIndex: tabStop,
    onKeyDown: (event: React.KeyboardEvent<HTMLElement>) => nodeKeys(event, canvas, id),
  };
}

/** Zoomed out: colour, title and sockets as dots. */
export function NodeTile(props: TileProps) {
  const { node, model, layout } = props.view;
  const style = { "--cat": tintColor(node.color, model.look.tint) } as React.CSSProperties;
  const dots = [
    ...model.inputs.map(({ name, type }) => ({ type, x: 0, y: layout.inputs.get(name)! })),
    ...model.outputs.map(({ name, type }) => ({
      type,
      x: layout.width,
      y: layout.outputs.get(name)!,
    })),
  ];
  return (
    <div {...useTile(props, "node tile")} style={style}>
      <span className="tile-title">{model.title}</span>
      {dots.map(({ type, x, y }) => (
        <i
          key={`${x} ${y}`}
          className="tile-dot"
          style={{ left: x, top: y, background: socketColor(type) }}
        />
      ))}
    </div>
  );
}

/** Far out, or off the screen: the colour alone, in one element, as there may be a thousand of them. */
export function NodeBlock(props: TileProps & { readonly place: React.CSSProperties }) {
  const { id, node, model } = props.view;
  useCanvas().onRender?.(id);
  const style = {
    ...props.place,
    "--cat": tintColor(node.color, model.look.tint),
  } as React.CSSProperties;
  return (
    <div
      {...useTile(props, "react-flow__node node-shell nopan node-block")}
      data-shell={id}
      style={style}
    />
  );
}
