/** Below the canvas: the player, the problems of the graph, and what happened so far. */
import { LogTab } from "../panels/problems/log-tab.tsx";
import { ProblemsTab } from "../panels/problems/problems-tab.tsx";
import { useActiveId, useEditor, useEditorStore } from "../editor-context.tsx";
import type { DockTab } from "../stores/layout.ts";
import { Chip } from "../ui/chip.tsx";
import { IconButton } from "../ui/icon-button.tsx";
import { ClipNames } from "./clip-names.tsx";
import { PlayerTab } from "./player-tab.tsx";
import { SaveComparison } from "./save-comparison.tsx";
import { ViewSwitch } from "./view-switch.tsx";
import "./player.css";

const TABS: readonly { readonly tab: DockTab; readonly label: string }[] = [
  { tab: "player", label: "Player" },
  { tab: "problems", label: "Problems" },
  { tab: "log", label: "Log" },
];

export function Dock() {
  const { layout } = useEditor();
  const shown = useEditorStore(
    (editor) => editor.layout,
    (state) => state.dockTab,
  );
  const folded = useEditorStore(
    (editor) => editor.layout,
    (state) => state.dockFolded,
  );
  return (
    <div className="dock-content">
      <div className="dock-head">
        <div role="tablist" aria-label="Dock" className="dock-tabs">
          {TABS.map(({ tab, label }) => (
            <button
              key={tab}
              type="button"
              role="tab"
              id={`dock-tab-${tab}`}
              aria-selected={shown === tab}
              aria-controls="dock-body"
              tabIndex={shown === tab ? 0 : -1}
              className={shown === tab ? "dock-tab on" : "dock-tab"}
              onClick={() => layout.showDock(tab)}
              onKeyDown={(event) => {
                const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
                if (by === undefined) return;
                const at = TABS.findIndex((entry) => entry.tab === tab);
                const next = TABS[(at + by + TABS.length) % TABS.length]?.tab ?? tab;
                layout.showDock(next);
                document.getElementById(`dock-tab-${next}`)?.focus();
              }}
            >
              {label}
              {tab === "problems" && <ProblemCount />}
            </button>
          ))}
        </div>
        <span className="grow" />
        {shown === "player" && !folded && (
          <>
            <ClipNames />
            <ViewSwitch />
            <SaveComparison />
          </>
        )}
        <IconButton
          icon={folded ? "collapse" : "chevron-down"}
          label={folded ? "Unfold the dock" : "Fold the dock"}
          small
          side="top"
          aria-expanded={!folded}
          onClick={() => layout.set({ dockFolded: !folded })}
        />
      </div>
      {!folded && (
        <div
          id="dock-body"
          role="tabpanel"
          aria-labelledby={`dock-tab-${shown}`}
          className="dock-body"
        >
          {shown === "player" && <PlayerTab />}
          {shown === "problems" && <ProblemsTab />}
          {shown === "log" && <LogTab />}
        </div>
      )}
    </div>
  );
}

function ProblemCount() {
  const id = useActiveId();
  const problems = useEditorStore(
    (editor) => editor.problems,
    ({ byDocument }) => (id === null ? undefined : byDocument[id]),
  );
  const count = problems?.length ?? 0;
  const failing = problems?.some(({ severity }) => severity === "error") ?? false;
  return <Chip tone={count === 0 ? "neutral" : failing ? "error" : "warning"}>{count}</Chip>;
}
