import { memo, useRef } from "react";
import { NODE_FEATURES } from "../slots.tsx";
import { tintColor } from "./categories.ts";
import {
  useCanvas,
  useNodeProblems,
  useNodeRun,
  useScene,
  useTabStop,
  useTried,
} from "./canvas-context.tsx";
import { useMeasured, NodeFields } from "./node-fields.tsx";
import type { Detail } from "./level-of-detail.ts";
import { NodeHeader } from "./node-header.tsx";
import { nodeKeys } from "./node-keys.ts";
import { MissingMessage } from "./missing-message.tsx";
import { NodeMessage } from "./node-message.tsx";
import { isShown, NodePreview } from "./node-preview.tsx";
import { nodeName } from "./node-name.ts";
import { NodeResizer } from "./node-resizer.tsx";
import { NodeTile } from "./node-tile.tsx";
import { NoteView } from "./note-view.tsx";
import type { NodeScene } from "./scene.ts";
import { Socket } from "./socket.tsx";
import { socketColor } from "./socket-types.ts";

interface NodeViewProps {
  readonly view: NodeScene;
  readonly selected: boolean;
  readonly detail: Detail;
}

/** One node. Where it stands is its shell's business: moving it draws nothing here again. */
export const NodeView = memo(function NodeView({ view, selected, detail }: NodeViewProps) {
  const canvas = useCanvas();
  canvas.onRender?.(view.id);
  if (view.model.kind === "note") return <NoteView view={view} selected={selected} />;
  if (detail !== "full") return <NodeTile view={view} selected={selected} />;
  return <FullNode view={view} selected={selected} />;
});

function FullNode({ view, selected }: { readonly view: NodeScene; readonly selected: boolean }) {
  const canvas = useCanvas();
  const { id, node, model } = view;
  const run = useNodeRun(id);
  const problems = useNodeProblems(id);
  const tried = useTried();
  const tabStop = useTabStop(id);
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const warnings = problems.length - errors + (run?.warnings.length ?? 0);
  const classes = [
    "node",
    selected && "selected",
    run?.status === "running" && "running",
    run?.status === "queued" && "queued",
    node.state,
    node.collapsed && "collapsed",
    model.kind === "unknown" && "missing",
    model.kind === "reroute" && "reroute",
    run?.status === "failed" || errors > 0 ? "error" : warnings > 0 && "warning",
  ];
  const style = { "--cat": tintColor(node.color, model.look.tint) } as React.CSSProperties;
  return (
    <div
      className={classes.filter(Boolean).join(" ")}
      style={style}
      role="group"
      aria-label={nodeName(view, run, errors)}
      data-node={id}
      tabIndex={tabStop}
      onKeyDown={(event) => nodeKeys(event, canvas, id)}
      onContextMenu={(event) => {
        event.preventDefault();
        const at = { x: event.clientX, y: event.clientY };
        canvas.store.setState({ menu: { at, on: { kind: "node", id } } });
      }}
    >
      {model.kind === "reroute" ? (
        <RerouteSockets view={view} />
      ) : (
        <>
          <NodeHeader view={view} run={run} problems={{ errors, warnings }} />
          {node.collapsed === true ? (
            <CollapsedSockets view={view} />
          ) : (
            <div className="node-body">
              <SocketRows view={view} tried={tried} />
              <Feature view={view} />
              <NodeFields view={view} />
              {run !== undefined && run.error !== null ? (
                <NodeMessage view={view} error={run.error} />
              ) : (
                model.kind === "unknown" && <MissingMessage view={view} problems={problems} />
              )}
              {run !== undefined && (run.preview !== null || run.results.some(isShown)) && (
                <NodePreview view={view} run={run} />
              )}
            </div>
          )}
          {node.state === "bypassed" && node.collapsed !== true && <BypassWire view={view} />}
          <NodeResizer view={view} />
        </>
      )}
    </div>
  );
}

function SocketRows({ view, tried }: { readonly view: NodeScene; readonly tried: boolean }) {
  const { inputs, outputs } = view.model;
  const { linked } = view;
  const rows = Math.max(inputs.length, outputs.length);
  return Array.from({ length: rows }, (_, i) => {
    const input = inputs[i];
    const output = outputs[i];
    const isLinked = input !== undefined && linked.has(input.name);
    return (
      <div key={i} className="socket-row">
        {input && (
          <Socket
            node={view.id}
            side="in"
            {...input}
            linked={isLinked}
            wanted={tried && !isLinked && !input.optional}
          />
        )}
        <span className="ellipsis">{input?.label}</span>
        <span className="ellipsis">{output?.label}</span>
        {output && <Socket node={view.id} side="out" {...output} linked={false} />}
      </div>
    );
  });
}

function CollapsedSockets({ view }: { readonly view: NodeScene }) {
  const { id, model, linked } = view;
  const input = model.inputs.find(({ name }) => linked.has(name)) ?? model.inputs[0];
  const [output] = model.outputs;
  return (
    <div className="collapsed-sockets">
      {input && <Socket node={id} side="in" {...input} linked />}
      {output && <Socket node={id} side="out" {...output} linked={false} />}
    </div>
  );
}

function RerouteSockets({ view }: { readonly view: NodeScene }) {
  const type = useScene((state) => {
    const link = state.graph?.links.find(({ to }) => to[0] === view.id);
    const source = state.nodes.get(link?.from[0] ?? "");
    return source?.model.outputs.find(({ name }) => name === link?.from[1])?.type ?? "*";
  });
  const common = { node: view.id, label: "", type, optional: false };
  return (
    <div className="collapsed-sockets">
      <Socket {...common} name="input" side="in" linked={type !== "*"} />
      <Socket {...common} name="output" side="out" linked={false} />
    </div>
  );
}

/** A dashed line where the value goes through. */
function BypassWire({ view }: { readonly view: NodeScene }) {
  const output = view.model.outputs[0];
  const input = view.model.inputs.find(({ type }) => type === output?.type);
  if (output === undefined || input === undefined) return null;
  const from = view.layout.inputs.get(input.name) ?? 0;
  const to = view.layout.outputs.get(output.name) ?? 0;
  return (
    <svg className="bypass-wire" aria-hidden="true">
      <path
        d={`M0 ${from}C60 ${from} ${view.layout.width - 60} ${to} ${view.layout.width} ${to}`}
        stroke={socketColor(output.type)}
      />
    </svg>
  );
}

function Feature({ view }: { readonly view: NodeScene }) {
  const Component = NODE_FEATURES[view.node.type];
  const { document } = useCanvas().scene.store.getState();
  return Component === undefined || document === null ? null : (
    <MeasuredFeature view={view}>
      <Component document={document} node={view.id} />
    </MeasuredFeature>
  );
}

function MeasuredFeature(props: { readonly view: NodeScene; readonly children: React.ReactNode }) {
  const part = useRef<HTMLDivElement>(null);
  useMeasured(part, props.view.id, "feature");
  return (
    <div ref={part} className="node-feature">
      {props.children}
    </div>
  );
}
