/** The window: top bar, rail, canvas, inspector and dock, and what lies over them. */
import { useEffect } from "react";
import { Canvas } from "./canvas/canvas.tsx";
import { CommandProvider } from "./commands/command-context.tsx";
import { useEditor, useEditorStore } from "./editor-context.tsx";
import { PanelsProvider } from "./panels/panels-context.tsx";
import { Palettes } from "./palette/palettes.tsx";
import { Rail } from "./rail.tsx";
import { Dock, Inspector, Overlays, PANELS, ToastStack } from "./slots.tsx";
import { StartFailurePage } from "./panels/notices/start-failure-page.tsx";
import { DOCK_LEAST, DOCK_MOST } from "./stores/layout.ts";
import { FileBar } from "./top/file-bar.tsx";
import { RuntimeBar } from "./top/runtime-bar.tsx";
import { TopBar } from "./top/top-bar.tsx";
import { ErrorBoundary } from "./ui/error-boundary.tsx";
import { FileDrop } from "./file-drop.tsx";
import "./app.css";

export function App() {
  useTheme();
  const failed = useEditorStore(
    (editor) => editor.startup,
    ({ phase, failure }) => (phase === "failed" ? failure : null),
  );
  return failed === null ? <Window /> : <StartFailurePage failure={failed} />;
}

function Window() {
  const layout = useEditorStore(
    (editor) => editor.layout,
    (state) => state,
  );
  const { panel, panelPinned, inspector, dockHeight, dockFolded, focusMode } = layout;
  const Panel = panel === null ? null : PANELS[panel];
  const style = {
    "--dock": focusMode ? "0px" : dockFolded ? "34px" : `${dockHeight}px`,
    "--panel-width": Panel !== null && panelPinned && !focusMode ? "320px" : "0px",
    "--inspector-width": inspector && !focusMode ? "272px" : "0px",
    "--rail-width": focusMode ? "0px" : "44px",
  } as React.CSSProperties;
  return (
    <CommandProvider>
      <PanelsProvider>
        <div className={focusMode ? "app focus-mode" : "app"} style={style}>
          <TopBar />
          {!focusMode && <Rail />}
          {Panel !== null && !focusMode && (
            <aside className={panelPinned ? "panel pinned" : "panel"} aria-label={panel ?? ""}>
              <ErrorBoundary name="The panel">
                <Panel />
              </ErrorBoundary>
            </aside>
          )}
          <main className="canvas-region" aria-label="Graph" data-region tabIndex={-1}>
            <div className="notice-bars">
              <RuntimeBar />
              <FileBar />
            </div>
            <ErrorBoundary name="The canvas">
              <Canvas />
            </ErrorBoundary>
          </main>
          {inspector && !focusMode && (
            <aside className="inspector" aria-label="Inspector" data-region tabIndex={-1}>
              <ErrorBoundary name="The inspector">
                <Inspector />
              </ErrorBoundary>
            </aside>
          )}
          {!focusMode && (
            <section className="dock" aria-label="Dock" data-region tabIndex={-1}>
              {!dockFolded && <DockHandle />}
              <ErrorBoundary name="The dock">
                <Dock />
              </ErrorBoundary>
            </section>
          )}
        </div>
        <Palettes />
        <Overlays />
        <ToastStack />
        <FileDrop />
      </PanelsProvider>
    </CommandProvider>
  );
}

function useTheme() {
  const theme = useEditorStore(
    (editor) => editor.settings,
    (state) => state.theme,
  );
  useEffect(() => {
    const media = matchMedia("(prefers-color-scheme: light)");
    const apply = () => {
      const shown = theme === "system" ? (media.matches ? "light" : "dark") : theme;
      document.documentElement.dataset["theme"] = shown;
    };
    apply();
    media.addEventListener("change", apply);
    return () => media.removeEventListener("change", apply);
  }, [theme]);
}

function DockHandle() {
  const { layout } = useEditor();
  const height = useEditorStore(
    (editor) => editor.layout,
    (state) => state.dockHeight,
  );
  const resize = (to: number) =>
    layout.set({ dockHeight: Math.round(Math.max(DOCK_LEAST, Math.min(DOCK_MOST, to))) });
  return (
    <div
      className="dock-handle"
      role="separator"
      aria-label="Height of the dock"
      aria-orientation="horizontal"
      aria-valuenow={height}
      aria-valuemin={DOCK_LEAST}
      aria-valuemax={DOCK_MOST}
      tabIndex={0}
      onKeyDown={(event) => {
        if (event.key === "ArrowUp") resize(height + 16);
        if (event.key === "ArrowDown") resize(height - 16);
      }}
      onPointerDown={(event) => {
        const start = event.clientY + height;
        event.currentTarget.setPointerCapture(event.pointerId);
        event.currentTarget.onpointermove = (move) => resize(start - move.clientY);
      }}
      onPointerUp={(event) => {
        event.currentTarget.onpointermove = null;
      }}
    />
  );
}
