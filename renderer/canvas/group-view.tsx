import { memo, useRef } from "react";
import { changeGroup, groupMembers, isFolded, type Group } from "../stores/edit/groups.ts";
import { useCanvas, useCanvasState, useScene } from "./canvas-context.tsx";
import { tintColor } from "./categories.ts";
import { groupId } from "./group-ids.ts";

interface GroupViewProps {
  readonly index: number;
  readonly group: Group;
  readonly selected: boolean;
}

/** A coloured ground with a title. Its title moves it with what it holds; what lies on it is not in its way. */
export const GroupView = memo(function GroupView({ index, group, selected }: GroupViewProps) {
  const canvas = useCanvas();
  const id = groupId(index);
  const renaming = useCanvasState((state) => state.renaming === id);
  const count = useScene(({ graph, boxes }) => {
    const own = graph?.groups?.[index];
    return own !== undefined && isFolded(own) ? groupMembers(own, boxes).length : 0;
  });
  const folded = isFolded(group);
  const style = { "--cat": tintColor(group.color, "util") } as React.CSSProperties;
  return (
    <div
      className={["group", selected && "selected", folded && "folded"].filter(Boolean).join(" ")}
      style={style}
      role="group"
      aria-label={`Group ${group.title}`}
    >
      <div
        className="group-title"
        onDoubleClick={(event) => {
          event.stopPropagation();
          canvas.store.setState({ renaming: id });
        }}
        onContextMenu={(event) => {
          event.preventDefault();
          event.stopPropagation();
          const at = { x: event.clientX, y: event.clientY };
          canvas.store.setState({ menu: { at, on: { kind: "group", index } } });
        }}
      >
        {renaming ? <GroupTitleField index={index} title={group.title} /> : group.title}
        {folded && ` · ${count === 1 ? "1 node" : `${count} nodes`}`}
      </div>
      {!folded && <GroupResizer index={index} />}
    </div>
  );
});

function GroupTitleField({ index, title }: { readonly index: number; readonly title: string }) {
  const canvas = useCanvas();
  const finished = useRef(false);
  const finish = (text: string | null) => {
    if (finished.current) return;
    finished.current = true;
    canvas.store.setState({ renaming: null });
    if (text === null || text.trim() === "") return;
    canvas.edit("Rename a group", (graph) =>
      changeGroup(graph, index, (group) => ({ ...group, title: text.trim() })),
    );
  };
  return (
    <input
      className="title-field nodrag"
      aria-label="Title of the group"
      autoFocus
      defaultValue={title}
      onFocus={(event) => event.currentTarget.select()}
      onBlur={(event) => finish(event.currentTarget.value)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") finish(event.currentTarget.value);
        if (event.key === "Escape") finish(null);
      }}
    />
  );
}

function GroupResizer({ index }: { readonly index: number }) {
  const canvas = useCanvas();
  return (
    <div
      className="resizer corner nodrag"
      aria-hidden="true"
      onPointerDown={(down) => {
        if (down.button !== 0) return;
        down.stopPropagation();
        const element = down.currentTarget;
        element.setPointerCapture(down.pointerId);
        const size = canvas.scene.store.getState().graph?.groups?.[index]?.size ?? [0, 0];
        const start = { x: down.clientX, y: down.clientY };
        const { zoom } = canvas.levels.viewport();
        element.onpointermove = (event) => {
          const width = Math.max(120, Math.round(size[0]! + (event.clientX - start.x) / zoom));
          const height = Math.max(64, Math.round(size[1]! + (event.clientY - start.y) / zoom));
          canvas.edit(
            "Resize a group",
            (graph) => changeGroup(graph, index, (group) => ({ ...group, size: [width, height] })),
            `group ${index} size`,
          );
        };
        element.onpointerup = () => {
          element.onpointermove = null;
          element.onpointerup = null;
          canvas.editor.documents.endMerge();
        };
      }}
    />
  );
}
