import { useRef } from "react";
import { setKey } from "../stores/edit/nodes.ts";
import type { NodeRunState } from "../stores/run-events.ts";
import { Icon } from "../ui/icon.tsx";
import { formatNumber } from "../widgets/number-value.ts";
import { splitFolder } from "../widgets/fuzzy-list.ts";
import { valueText } from "../widgets/value-text.ts";
import { useCanvas, useCanvasState, useChangedSinceRun } from "./canvas-context.tsx";
import type { NodeScene } from "./scene.ts";

interface HeaderProps {
  readonly view: NodeScene;
  readonly run: NodeRunState | undefined;
  readonly problems: { readonly errors: number; readonly warnings: number };
}

export function NodeHeader({ view, run, problems }: HeaderProps) {
  const canvas = useCanvas();
  const { id, node, model } = view;
  const renaming = useCanvasState((state) => state.renaming === id);
  const running = run?.status === "running";
  const share = running && run.max > 0 ? run.value / run.max : null;
  return (
    <div
      className="node-header"
      title={model.title === model.classTitle ? node.type : `${model.title}\n${node.type}`}
      onDoubleClick={(event) => {
        event.stopPropagation();
        const { document } = canvas.scene.store.getState();
        if (model.kind === "subgraph" && document !== null)
          canvas.editor.selection.enter(document, id);
        else canvas.store.setState({ renaming: id });
      }}
    >
      <Icon name={node.state === "bypassed" ? "bypass" : model.look.icon} size={14} />
      {renaming ? (
        <TitleField view={view} />
      ) : (
        <span className="node-title ellipsis">{model.title}</span>
      )}
      <span className="node-meta">
        <HeaderMeta view={view} run={run} problems={problems} />
      </span>
      <span className="node-actions">
        <button
          type="button"
          tabIndex={-1}
          className="nodrag"
          aria-label={node.state === "bypassed" ? "Do not bypass" : "Bypass"}
          title="Bypass"
          onClick={() =>
            canvas.edit("Bypass", (graph) =>
              setKey(graph, [id], "state", node.state === "bypassed" ? undefined : "bypassed"),
            )
          }
        >
          <Icon name="bypass" size={14} />
        </button>
        <button
          type="button"
          tabIndex={-1}
          className="nodrag"
          aria-label="More"
          title="More"
          onClick={(event) =>
            canvas.store.setState({
              menu: { at: { x: event.clientX, y: event.clientY }, on: { kind: "node", id } },
            })
          }
        >
          <Icon name="more" size={14} />
        </button>
      </span>
      {running && (
        <span className="node-progress">
          <i
            style={{ width: `${(share ?? 0) * 100}%` }}
            className={share === null ? "unknown" : undefined}
          />
        </span>
      )}
    </div>
  );
}

const seconds = (value: number): string =>
  value >= 60
    ? `${Math.floor(value / 60)}:${String(Math.round(value % 60)).padStart(2, "0")}`
    : `${value.toFixed(value < 10 ? 1 : 0)} s`;

const bytes = (value: number): string => `${(value / 2 ** 30).toFixed(1)} GB`;

/** One thing at a time: what needs people first, then what runs, then what it took. */
function HeaderMeta({ view, run, problems }: HeaderProps) {
  const { id, node, model } = view;
  const changed = useChangedSinceRun(id);
  if (model.kind === "unknown") return <span className="warn-text">unknown</span>;
  if (run?.status === "failed")
    return (
      <span className="error-text row">
        <Icon name="error" size={13} /> failed
      </span>
    );
  if (problems.errors > 0)
    return (
      <span className="error-text row" title="Problems">
        <Icon name="error" size={13} /> {problems.errors}
      </span>
    );
  if (node.state === "muted") return <Icon name="mute" size={13} />;
  if (node.state === "bypassed") return <span>bypassed</span>;
  if (run?.status === "running" && run.max > 1)
    return (
      <span>
        <b className="accent-text">{run.value}</b> / {run.max}
      </span>
    );
  if (run?.status === "running") return <span className="accent-text">running</span>;
  if (run?.status === "queued") return <span>next</span>;
  if (problems.warnings > 0)
    return (
      <span className="warn-text row" title="Worth a look">
        <Icon name="warn" size={13} /> {problems.warnings}
      </span>
    );
  if (node.pinned === true) return <Icon name="pin" size={13} />;
  if (node.collapsed === true) return <span>{mainValue(view)}</span>;
  if (run === undefined) return null;
  if (changed)
    return (
      <span title="Changed since the last run: runs again">
        <i className="changed-dot" />
      </span>
    );
  if (run.status === "cached")
    return (
      <span className="accent-text row" title="Not run again: nothing it needs has changed">
        <Icon name="cache" size={13} />
      </span>
    );
  if (run.seconds === null) return null;
  const memory = run.peakBytes === null ? "" : `, ${bytes(run.peakBytes)} at its peak`;
  return <span title={`Took ${seconds(run.seconds)}${memory}`}>{seconds(run.seconds)}</span>;
}

function mainValue({ node, model }: NodeScene): string {
  const field = model.fields.find(({ linked }) => !linked);
  if (field === undefined) return "";
  const value = node.values[field.input.name] ?? field.input.default;
  if (typeof value === "number") return formatNumber(value, field.input);
  return field.input.kind === "file" ? splitFolder(valueText(value))[1] : valueText(value);
}

function TitleField({ view }: { readonly view: NodeScene }) {
  const canvas = useCanvas();
  const finished = useRef(false);
  const { id, model } = view;
  const finish = (text: string | null) => {
    if (finished.current) return;
    finished.current = true;
    canvas.store.setState({ renaming: null });
    if (text === null) return;
    const title = text.trim();
    const same = title === "" || title === model.classTitle;
    canvas.edit("Rename", (graph) => setKey(graph, [id], "title", same ? undefined : title));
  };
  return (
    <input
      className="title-field nodrag"
      aria-label="Title of the node"
      autoFocus
      defaultValue={model.title}
      onFocus={(event) => event.currentTarget.select()}
      onBlur={(event) => finish(event.currentTarget.value)}
      onDoubleClick={(event) => event.stopPropagation()}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") finish(event.currentTarget.value);
        if (event.key === "Escape") finish(null);
      }}
    />
  );
}
