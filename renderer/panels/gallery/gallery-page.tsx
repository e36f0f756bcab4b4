/** Results beside a large viewer: one by itself, or two against each other on one time axis. */
import { useEffect } from "react";
import { usePanels, usePanelStore } from "../panels-context.tsx";
import { useEditor } from "../../editor-context.tsx";
import { useClipWords } from "../../player/clip-names.tsx";
import { playerKey, Transport } from "../../player/transport.tsx";
import { Viewer } from "../../player/viewer.tsx";
import { SaveComparison } from "../../player/save-comparison.tsx";
import { ViewSwitch } from "../../player/view-switch.tsx";
import { SweepGrid } from "../sweep/sweep-grid.tsx";
import { Segmented } from "../../ui/segmented.tsx";
import { EmptyState } from "../notices/empty-state.tsx";
import { CompareColumn } from "./compare-column.tsx";
import { CompareTime } from "./compare-time.tsx";
import { GalleryList } from "./gallery-list.tsx";
import { useJob } from "../../player/clip-figures.tsx";
import "./gallery.css";

const RATES = [
  { value: "0.5", label: "½×" },
  { value: "1", label: "1×" },
  { value: "2", label: "2×" },
] as const;

/** What the page lies over. */
const COVERED = ".canvas-region, .inspector, .dock, aside.panel";

/** What is covered is out of reach of keys and screen readers too. */
function useCovering(): void {
  useEffect(() => {
    const covered = [...document.querySelectorAll<HTMLElement>(COVERED)];
    for (const region of covered) region.inert = true;
    return () => {
      for (const region of covered) region.inert = false;
    };
  }, []);
}

export function GalleryPage() {
  useCovering();
  const { layout } = useEditor();
  const { player } = usePanels();
  const a = usePanelStore(
    (panels) => panels.player,
    (state) => state.a,
  );
  const b = usePanelStore(
    (panels) => panels.player,
    (state) => state.b,
  );
  const rate = usePanelStore(
    (panels) => panels.player,
    (state) => state.rate,
  );
  const words: readonly [string, string] = [useClipWords(a), useClipWords(b)];
  const batch = useJob(a)?.batch ?? null;
  const swept = useJob(a)?.cell ?? null;
  return (
    <section
      className="gallery-page"
      aria-label="Gallery"
      onKeyDown={(event) => {
        if (event.ctrlKey || event.altKey || event.metaKey) return;
        if (event.target instanceof HTMLInputElement) return;
        if (event.key === "Escape") {
          layout.set({ panel: null });
          return;
        }
        const onButton = event.target instanceof HTMLButtonElement;
        if (onButton && (event.key === " " || event.key === "Enter")) return;
        if (playerKey(event.key, player)) event.preventDefault();
      }}
    >
      <GalleryList />
      <div className="gallery-middle">
        {a === null ? (
          <EmptyState icon="gallery" title="No results yet">
            Run the graph. Videos appear here as they finish.
          </EmptyState>
        ) : (
          <>
            <div className="gallery-bar">
              <ViewSwitch />
              <SaveComparison words />
              <span className="grow" />
              <span className="t2 small">
                {a.width} × {a.height}
              </span>
            </div>
            <Viewer className="large" words={words} />
            <div className="gallery-bar">
              <Transport latent={false} />
              <span className="grow" />
              <Segmented
                label="Speed"
                segments={RATES}
                value={String(rate) as (typeof RATES)[number]["value"]}
                onChange={(next) => player.set({ rate: Number(next) })}
              />
            </div>
            {a.frames > 1 && <CompareTime a={a} b={b} />}
            {batch !== null && swept !== null && <SweepGrid batch={batch} />}
          </>
        )}
      </div>
      {a !== null && <CompareColumn a={a} b={b} />}
    </section>
  );
}
