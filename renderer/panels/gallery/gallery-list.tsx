import { useMemo, useState } from "react";
import type { Clip } from "../../stores/player.ts";
import { FrameThumb } from "../../player/frame-thumb.tsx";
import { useClipWords } from "../../player/clip-names.tsx";
import { useEditor } from "../../editor-context.tsx";
import { Button } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { IconButton } from "../../ui/icon-button.tsx";
import { ContextMenu } from "../../ui/menu.tsx";
import { Segmented } from "../../ui/segmented.tsx";
import { dayText } from "../figures.ts";
import { EmptyState } from "../notices/empty-state.tsx";
import { usePanels, usePanelStore } from "../panels-context.tsx";
import { useClipMenu } from "./use-clip-menu.ts";

type Kind = "all" | "video" | "image";

const KINDS = [
  { value: "all", label: "All" },
  { value: "video", label: "Video" },
  { value: "image", label: "Picture" },
] as const;

interface Day {
  readonly day: string;
  readonly clips: readonly Clip[];
}

/** Results in two columns by day. A click shows one, Shift-click compares with it. */
export function GalleryList() {
  const { layout } = useEditor();
  const { pastRuns, results } = usePanels();
  const entries = usePanelStore(
    (panels) => panels.pastRuns,
    (state) => state.entries,
  );
  const more = usePanelStore(
    (panels) => panels.pastRuns,
    (state) => state.more,
  );
  const [kind, setKind] = useState<Kind>("all");
  const [text, setText] = useState<string | null>(null);
  const days = useMemo(() => {
    const now = Date.now();
    const found: { day: string; clips: Clip[] }[] = [];
    for (const entry of entries) {
      const day = dayText(entry.ended ?? entry.added, now);
      const clips = results
        .clipsOf(entry)
        .filter((clip) => kind === "all" || clip.kind === kind)
        .filter((clip) =>
          `${clip.file.path} ${entry.title}`.toLowerCase().includes((text ?? "").toLowerCase()),
        )
        .toReversed();
      if (clips.length === 0) continue;
      const last = found.at(-1);
      if (last?.day === day) last.clips.push(...clips);
      else found.push({ day, clips });
    }
    return found as readonly Day[];
  }, [entries, results, kind, text]);
  const count = days.reduce((sum, { clips }) => sum + clips.length, 0);
  return (
    <div className="gallery-list">
      <header className="panel-head">
        <h2>Gallery</h2>
        <span className="t3">{count}</span>
        <span className="grow" />
        <Segmented label="Kind" segments={KINDS} value={kind} onChange={setKind} />
        <IconButton
          icon="search"
          label="Find"
          small
          pressed={text !== null}
          onClick={() => setText(text === null ? "" : null)}
        />
        <IconButton
          icon="close"
          label="Close the gallery"
          small
          onClick={() => layout.set({ panel: null })}
        />
      </header>
      {text !== null && (
        <label className="panel-search">
          <Icon name="search" size={13} />
          <input
            autoFocus
            aria-label="Find a result"
            placeholder="Name of a file or a graph"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
      )}
      {count === 0 && (
        <EmptyState icon="gallery" title={text ? "Nothing found" : "No results yet"}>
          {text ? "Try another name." : "Run the graph. Videos appear here as they finish."}
        </EmptyState>
      )}
      {days.map(({ day, clips }, i) => (
        <section key={day} className="gallery-day" aria-label={day}>
          <div className="row">
            <h3 className="cap grow">{day}</h3>
            {i === 0 && <span className="t3 small">Shift-click two to compare</span>}
          </div>
          <div className="gallery-grid">
            {clips.map((clip) => (
              <GalleryCell key={clip.url} clip={clip} />
            ))}
          </div>
        </section>
      ))}
      {more && (
        <div className="panel-note">
          <Button small onClick={() => void pastRuns.loadMore()}>
            Show older results
          </Button>
        </div>
      )}
    </div>
  );
}

function GalleryCell({ clip }: { readonly clip: Clip }) {
  const { player } = usePanels();
  const ring = usePanelStore(
    (panels) => panels.player,
    ({ a, b }) => (a?.url === clip.url ? "a" : b?.url === clip.url ? "b" : ""),
  );
  const words = useClipWords(clip);
  const menu = useClipMenu(clip);
  const length = clip.kind === "video" ? `${(clip.frames / clip.fps).toFixed(1)} s` : "";
  return (
    <ContextMenu entries={menu}>
      <button
        type="button"
        className={`gallery-cell ${ring}`}
        onClick={(event) => {
          if (event.shiftKey) player.compare(clip);
          else player.show(clip);
        }}
      >
        <span className="gallery-picture">
          <FrameThumb clip={clip} plays />
          {ring !== "" && (
            <span className="over letter">
              <b className={ring}>{ring.toUpperCase()}</b>
            </span>
          )}
          {length !== "" && <span className="over length">{length}</span>}
        </span>
        <span className="gallery-words">
          <span className="medium ellipsis grow">{clip.name}</span>
          <span className="t3 ellipsis">{words}</span>
        </span>
      </button>
    </ContextMenu>
  );
}
