/** Ended jobs by day. A click restores the graph in a new tab. */
import { useState } from "react";
import type { JobEntry } from "#runtime/protocol/service-values";
import { useEditor } from "../../editor-context.tsx";
import { Button } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { IconButton } from "../../ui/icon-button.tsx";
import { ContextMenu, type MenuEntry } from "../../ui/menu.tsx";
import { clockText } from "../figures.ts";
import { EmptyState } from "../notices/empty-state.tsx";
import { LoadingArcs } from "../notices/loading-arcs.tsx";
import { PanelHead } from "../panel-head.tsx";
import { usePanels, usePanelStore } from "../panels-context.tsx";
import { findJobs, historyDays, type HistoryRow } from "./history-days.ts";
import { JobPicture } from "./job-picture.tsx";
import { jobLine, resultName } from "./job-words.ts";
import { useJobDocument } from "./use-job-document.ts";
import "../queue/queue.css";

export function HistoryPanel() {
  const { pastRuns } = usePanels();
  const { entries, loaded, more } = usePanelStore(
    (panels) => panels.pastRuns,
    (state) => state,
  );
  const [text, setText] = useState<string | null>(null);
  const found = text === null ? entries : findJobs(entries, text);
  const days = historyDays(found, Date.now());
  return (
    <div className="panel-content">
      <PanelHead title="History" count="kept after restart">
        <IconButton
          icon="search"
          label="Find"
          small
          pressed={text !== null}
          onClick={() => setText(text === null ? "" : null)}
        />
      </PanelHead>
      {text !== null && (
        <label className="panel-search">
          <Icon name="search" size={13} />
          <input
            autoFocus
            aria-label="Find in the history"
            placeholder="Name, file or error"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
      )}
      {!loaded && <LoadingArcs>Reading the history</LoadingArcs>}
      {loaded && found.length === 0 && (
        <EmptyState icon="history" title={text ? "Nothing found" : "No runs yet"}>
          {text ? "Try fewer words." : "Every run is kept here with its graph and its result."}
        </EmptyState>
      )}
      {days.map(({ day, rows }) => (
        <section key={day} aria-label={day}>
          <h3 className="cap panel-cap">{day}</h3>
          {rows.map((row) => (
            <PastRow key={row.entry.job} row={row} />
          ))}
        </section>
      ))}
      {more && text === null && (
        <div className="panel-note">
          <Button small onClick={() => void pastRuns.loadMore()}>
            Show older runs
          </Button>
        </div>
      )}
    </div>
  );
}

function PastRow({ row }: { readonly row: HistoryRow }) {
  const { entry, others } = row;
  const { toasts, documents } = useEditor();
  const { pastRuns, player, results } = usePanels();
  const document = useJobDocument(entry.job);
  const clip = results.clipsOf(entry).at(-1);
  const name = clip === undefined ? entry.title : resultName(clip.file.path);
  const restore = async (of: JobEntry): Promise<void> => {
    const graph = await pastRuns.document(of.job);
    if (graph === null) {
      toasts.show({ kind: "warning", title: "Its graph is not kept any more" });
    } else documents.open(graph, { title: of.title, isSaved: false });
  };
  const remove = (): void => {
    pastRuns
      .remove([entry, ...others].map(({ job }) => job))
      .catch((error: unknown) => toasts.fail("It was not removed", error));
  };
  const menu: readonly MenuEntry[] = [
    { label: "Restore its graph in a new tab", icon: "nodes", run: () => void restore(entry) },
    ...(clip === undefined
      ? []
      : [
          { label: "Show in the player", icon: "play" as const, run: () => player.show(clip) },
          {
            label: "Compare with what is shown",
            icon: "wipe" as const,
            run: () => player.compare(clip),
          },
        ]),
    "line",
    {
      label: others.length > 0 ? "Remove these runs" : "Remove from the history",
      icon: "trash",
      danger: true,
      run: remove,
    },
  ];
  return (
    <ContextMenu entries={menu}>
      <button
        type="button"
        className="job"
        title="Restore its graph in a new tab"
        onClick={() => {
          if (clip !== undefined) player.show(clip);
          void restore(entry);
        }}
      >
        <JobPicture entry={entry} />
        <span className="grow">
          <span className="row job-line">
            <span className="medium ellipsis grow">{name}</span>
            <span className="t3">{clockText(entry.ended ?? entry.added)}</span>
          </span>
          <span className={entry.state === "failed" ? "small failed-words" : "t2 small"}>
            {jobLine(entry, document ?? undefined)}
            {others.length > 0 && ` · same graph ×${others.length + 1}`}
          </span>
        </span>
      </button>
    </ContextMenu>
  );
}
