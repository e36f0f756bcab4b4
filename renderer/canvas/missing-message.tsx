import { useRef } from "react";
import { useCommands } from "../commands/command-context.tsx";
import type { FoundProblem } from "../stores/problems.ts";
import { Button } from "../ui/button.tsx";
import { useCanvas } from "./canvas-context.tsx";
import { useMeasured } from "./node-fields.tsx";
import { fixOf } from "./problem-fix.ts";
import type { NodeScene } from "./scene.ts";

interface MissingProps {
  readonly view: NodeScene;
  readonly problems: readonly FoundProblem[];
}

/** A node whose class is not installed says so, and offers what could stand in for it. */
export function MissingMessage({ view, problems }: MissingProps) {
  const canvas = useCanvas();
  const commands = useCommands();
  const part = useRef<HTMLDivElement>(null);
  useMeasured(part, view.id, "message");
  const problem = problems.find(({ code }) => code === "unknown_node_type");
  const fix = problem === undefined ? null : fixOf(canvas, problem);
  return (
    <div ref={part} className="node-message missing nodrag">
      <p>
        <b>Not installed here.</b> It keeps its values and links.
      </p>
      <div className="row" style={{ gap: 6 }}>
        {fix !== null && (
          <Button small kind="primary" onClick={fix.run}>
            {fix.label}
          </Button>
        )}
        <Button
          small
          onClick={(event) => {
            const { left, bottom } = event.currentTarget.getBoundingClientRect();
            const at = { x: left, y: bottom + 4 };
            commands.openPalette({ kind: "search", at, wires: [], replaces: [view.id] });
          }}
        >
          {fix === null ? "Replace" : "Another"}
        </Button>
      </div>
    </div>
  );
}
