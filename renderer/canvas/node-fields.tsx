import { memo, useLayoutEffect, useRef } from "react";
import type { Json } from "#runtime/graph/json";
import { toBigInt } from "#runtime/graph/validate-value";
import { acceptedType } from "../stores/edit/accepted-type.ts";
import { graphAt } from "../stores/edit/graph-at.ts";
import { linkKey } from "../stores/edit/links.ts";
import { setValue } from "../stores/edit/nodes.ts";
import { seedControl, setSeedControl } from "../stores/edit/seeds.ts";
import { Button } from "../ui/button.tsx";
import { Field } from "../widgets/field.tsx";
import { useCanvas, useNodeProblems, useScene, useWire } from "./canvas-context.tsx";
import type { FieldModel } from "./node-model.ts";
import type { NodeScene } from "./scene.ts";
import { fixOf } from "./problem-fix.ts";
import { Socket } from "./socket.tsx";
import { targetKey } from "./wire-drag.ts";

export function NodeFields({ view }: { readonly view: NodeScene }) {
  return view.layout.rows.map((row) => (
    <div key={row[0]!.input.name} className={row.length === 2 ? "field-row two" : "field-row"}>
      {row.map((field) => (
        <FieldSlot key={field.input.name} view={view} field={field} />
      ))}
    </div>
  ));
}

interface SlotProps {
  readonly view: NodeScene;
  readonly field: FieldModel;
}

const slotEqual = (a: SlotProps, b: SlotProps): boolean =>
  a.view.id === b.view.id &&
  a.field.linked === b.field.linked &&
  a.field.socket === b.field.socket &&
  a.field.label === b.field.label &&
  a.field.input === b.field.input &&
  a.view.model.title === b.view.model.title &&
  a.view.node.state === b.view.node.state &&
  a.view.node.values[a.field.input.name] === b.view.node.values[a.field.input.name] &&
  a.view.node.controls === b.view.node.controls;

const FieldSlot = memo(function FieldSlot({ view, field }: SlotProps) {
  const canvas = useCanvas();
  const { id, node, model } = view;
  const { input, label, linked, socket } = field;
  const { name } = input;
  const found = useNodeProblems(id).find((each) => each.socket === name);
  const problem = found?.message ?? null;
  const fix = found === undefined ? null : fixOf(canvas, found);
  const fits = useWire((state) => state.fits.has(targetKey(id, name, "in")));
  const slot = useRef<HTMLDivElement>(null);
  useMeasured(slot, id, name);
  const write = (value: Json) =>
    canvas.edit(`Set ${label}`, (graph) => setValue(graph, id, name, value), `${id} ${name}`);
  const done = () => canvas.editor.documents.endMerge();
  return (
    <div
      ref={slot}
      className={fits ? "field-slot fits" : "field-slot"}
      onContextMenu={(event) => {
        event.preventDefault();
        event.stopPropagation();
        const at = { x: event.clientX, y: event.clientY };
        canvas.store.setState({ menu: { at, on: { kind: "field", id, name } } });
      }}
    >
      {socket && (
        <Socket
          node={id}
          name={name}
          label={label}
          type={acceptedType(input.kind, input.type)}
          side="in"
          linked={linked}
          optional
        />
      )}
      {linked ? (
        <LinkedField id={id} field={field} />
      ) : (
        <>
          <Field
            input={input}
            label={label}
            owner={model.title}
            value={node.values[name]}
            problem={problem}
            disabled={node.state !== undefined || model.kind === "unknown"}
            control={seedControl(node, name)}
            lastSeed={input.kind === "seed" ? lastSeed(canvas, id, name) : null}
            onChange={write}
            onDone={done}
            onControl={(control) =>
              canvas.edit("What the seed does", (graph) => setSeedControl(graph, id, name, control))
            }
          />
          {problem !== null && <p className="field-problem">{problem}</p>}
          {fix !== null && (
            <Button small onClick={fix.run} title={found?.nearest}>
              {fix.label}
            </Button>
          )}
        </>
      )}
    </div>
  );
}, slotEqual);

function lastSeed(canvas: ReturnType<typeof useCanvas>, id: string, name: string): bigint | null {
  const { document, ref } = canvas.scene.store.getState();
  const ran = document === null ? undefined : canvas.editor.runs.store.getState().ran[document];
  const value = ran === undefined ? undefined : graphAt(ran, ref)?.nodes[id]?.values[name];
  return value === undefined ? null : toBigInt(value);
}

/** A field that a link drives says where its value comes from. */
function LinkedField({ id, field }: { readonly id: string; readonly field: FieldModel }) {
  const source = useScene((state) => {
    const link = state.links.get(linkKey([id, field.input.name]))?.link;
    return link === undefined ? "" : (state.nodes.get(link.from[0])?.model.title ?? "");
  });
  return (
    <div className="field linked">
      <span className="field-label ellipsis">{field.label}</span>
      <span className="ellipsis linked-from">from {source}</span>
    </div>
  );
}

/** Tells the scene how high a part is, so that wires and what follows stand right. */
export function useMeasured(
  part: React.RefObject<HTMLElement | null>,
  node: string,
  name: string,
): void {
  const { scene } = useCanvas();
  useLayoutEffect(() => {
    const element = part.current;
    if (element === null) return;
    const measure = () => scene.setHeight(node, name, element.offsetHeight);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [scene, node, name, part]);
}
