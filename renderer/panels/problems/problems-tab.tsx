/** Everything that keeps the graph in front from running, or is worth a look, before Run. */
import { useActive, useEditorStore } from "../../editor-context.tsx";
import { fixOf } from "../../canvas/problem-fix.ts";
import { useCommands } from "../../commands/command-context.tsx";
import type { FoundProblem } from "../../stores/problems.ts";
import { Button } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { EmptyState } from "../notices/empty-state.tsx";
import "./problems.css";

export function ProblemsTab() {
  const commands = useCommands();
  const active = useActive();
  const problems = useEditorStore(
    (editor) => editor.problems,
    ({ byDocument }) => (active === null ? undefined : byDocument[active.id]),
  );
  const descriptions = useEditorStore(
    (editor) => editor.nodes,
    (state) => state.descriptions,
  );
  if (problems === undefined || problems.length === 0) {
    return (
      <EmptyState icon="check" title="No problems">
        The graph can run.
      </EmptyState>
    );
  }
  const titleOf = (id: string | undefined): string => {
    const node = id === undefined ? undefined : active?.document.nodes[id.split(":")[0] ?? id];
    if (node === undefined) return "The graph";
    return node.title ?? descriptions.get(node.type)?.title ?? node.type;
  };
  const sorted = problems.toSorted((a, b) => rank(a.severity) - rank(b.severity));
  return (
    <ul className="problems">
      {sorted.map(({ severity, code, node, socket, message }, i) => (
        <li key={`${code} ${node} ${socket} ${i}`}>
          <span className={severity}>
            <Icon name={severity === "error" ? "error" : "warn"} />
            <span className="visually-hidden">{severity}</span>
          </span>
          <div className="grow">
            <div className="medium">{titleOf(node)}</div>
            <div className="t2 small">{message}</div>
          </div>
          <FixButton problem={sorted[i]!} />
          {node !== undefined && (
            <Button
              kind="quiet"
              small
              aria-label={`Show ${titleOf(node)}`}
              onClick={() => commands.canvas.show(node, socket)}
            >
              Show
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

/** Mends it where what would mend it is known; the node is shown first, as people want to see what was done. */
function FixButton({ problem }: { readonly problem: FoundProblem }) {
  const commands = useCommands();
  const { model, canvas } = commands;
  const fix = model === null ? null : fixOf(model, problem);
  if (fix === null) return null;
  return (
    <Button
      small
      onClick={() => {
        if (problem.node !== undefined) canvas.show(problem.node, problem.socket, false);
        fix.run();
      }}
    >
      {fix.label}
    </Button>
  );
}

function rank(severity: string): number {
  return severity === "error" ? 0 : 1;
}
