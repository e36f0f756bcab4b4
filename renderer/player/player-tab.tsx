import { usePanels, usePanelStore } from "../panels/panels-context.tsx";
import { EmptyState } from "../panels/notices/empty-state.tsx";
import { useRunning } from "../panels/queue/use-running.ts";
import type { AttentionView } from "../stores/player.ts";
import { Icon } from "../ui/icon.tsx";
import { Segmented, type Segment } from "../ui/segmented.tsx";
import { AttentionOverStrip, useAttentionWords } from "./attention-over-strip.tsx";
import { ClipFigures } from "./clip-figures.tsx";
import { FrameStrip } from "./frame-strip.tsx";
import { LiveFigures } from "./live-figures.tsx";
import { playerKey, Transport } from "./transport.tsx";
import { Viewer } from "./viewer.tsx";

const ATTENTION: readonly Segment<AttentionView>[] = [
  { value: "off", label: "Off" },
  { value: "arcs", label: "Arcs" },
  { value: "heat", label: "Heat" },
];

export function PlayerTab() {
  const { player } = usePanels();
  const a = usePanelStore(
    (panels) => panels.player,
    (state) => state.a,
  );
  const live = usePanelStore(
    (panels) => panels.player,
    (state) => state.live,
  );
  const attention = usePanelStore(
    (panels) => panels.player,
    (state) => state.attention,
  );
  const words = useAttentionWords(a, live);
  const running = useRunning();
  if (a === null && live === null && running !== null) {
    const { title, progress } = running;
    return (
      <EmptyState icon="film" title={title}>
        {progress !== null && progress.max > 1 && `${progress.value} of ${progress.max}. `}
        Frames appear after the first step.
      </EmptyState>
    );
  }
  if (a === null && live === null) {
    return (
      <EmptyState icon="film" title="No results yet">
        Run the graph. Videos appear here as they finish.
      </EmptyState>
    );
  }
  return (
    <div
      className="player"
      onKeyDown={(event) => {
        if (event.ctrlKey || event.altKey || event.metaKey) return;
        if (
          event.target instanceof HTMLButtonElement &&
          (event.key === " " || event.key === "Enter")
        )
          return;
        if (playerKey(event.key, player)) event.preventDefault();
      }}
    >
      <Viewer />
      <div className="player-time">
        <div className="player-bar">
          <Transport />
          <span className="grow" />
          {words !== null && (
            <>
              <span className="t2 small attention-words">
                <Icon name="attention" size={13} />
                {words}
              </span>
              <Segmented
                label="Attention over the strip"
                segments={ATTENTION}
                value={attention}
                onChange={(next) => player.set({ attention: next })}
              />
            </>
          )}
        </div>
        <AttentionOverStrip clip={a} live={live} height={66} />
        <FrameStrip clip={a} live={live} name="Frames of the clip" />
      </div>
      {live === null ? <ClipFigures /> : <LiveFigures live={live} />}
    </div>
  );
}
