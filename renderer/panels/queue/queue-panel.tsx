/** What runs and what waits. Waiting jobs are put in order by dragging, or with Alt and the arrow keys. */
import { useState, type KeyboardEvent } from "react";
import type { JobEntry } from "#runtime/protocol/service-values";
import { useEditor, useEditorStore } from "../../editor-context.tsx";
import { Button } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { IconButton } from "../../ui/icon-button.tsx";
import { Menu, type MenuEntry } from "../../ui/menu.tsx";
import { durationText } from "../figures.ts";
import { JobPicture } from "../history/job-picture.tsx";
import { useLastSeconds } from "../history/use-last-seconds.ts";
import { EmptyState } from "../notices/empty-state.tsx";
import { PanelHead } from "../panel-head.tsx";
import { progressLine } from "./progress-words.ts";
import { useRunning } from "./use-running.ts";
import { useQueueActions, type QueueActions } from "./queue-actions.ts";
import "./queue.css";

export function QueuePanel() {
  const { layout } = useEditor();
  const queue = useEditorStore(
    (editor) => editor.runs,
    (state) => state.queue,
  );
  const actions = useQueueActions();
  const count = queue.running.length + queue.waitingCount;
  const menu: readonly MenuEntry[] = [
    {
      label: "Remove all that wait",
      icon: "trash",
      danger: true,
      disabled: queue.waitingCount === 0,
      run: actions.clear,
    },
    { label: "History", icon: "history", run: () => layout.set({ panel: "history" }) },
  ];
  return (
    <div className="panel-content">
      <PanelHead
        title="Queue"
        count={count === 0 ? null : `${count} ${count === 1 ? "job" : "jobs"}`}
      >
        <Button
          kind="quiet"
          small
          icon={queue.paused ? "play" : "pause"}
          aria-pressed={queue.paused}
          onClick={() => actions.pause(!queue.paused)}
        >
          {queue.paused ? "Go on" : "Pause"}
        </Button>
        <Menu entries={menu} align="end">
          <IconButton icon="more" label="More for the queue" small />
        </Menu>
      </PanelHead>
      {queue.paused && (
        <p className="panel-note">
          Paused.{" "}
          {queue.running.length > 0
            ? "The job that runs is finished first."
            : "Nothing starts until it goes on."}
        </p>
      )}
      {count === 0 ? (
        <EmptyState icon="queue" title="Nothing waits">
          Ctrl Enter adds the graph in front.
        </EmptyState>
      ) : (
        <>
          {queue.running.map((entry) => (
            <RunningRow key={entry.job} entry={entry} actions={actions} />
          ))}
          <WaitingList waiting={queue.waiting} actions={actions} />
          {queue.waitingCount > queue.waiting.length && (
            <p className="panel-note">and {queue.waitingCount - queue.waiting.length} more</p>
          )}
        </>
      )}
    </div>
  );
}

function RunningRow({
  entry,
  actions,
}: {
  readonly entry: JobEntry;
  readonly actions: QueueActions;
}) {
  const running = useRunning();
  const progress = running?.entry.job === entry.job ? running.progress : null;
  const share = progress === null ? 0 : progress.value / progress.max;
  return (
    <div className="job running">
      <JobPicture entry={entry} live />
      <div className="grow">
        <div className="row job-line">
          <span className="medium ellipsis grow">{entry.title}</span>
          <IconButton
            icon="stop"
            label={`Stop ${entry.title}`}
            small
            onClick={() => actions.cancel(entry.job)}
          />
        </div>
        <div className="t2 small ellipsis">
          {progress === null ? (running?.title ?? "Starts") : progressLine(progress)}
        </div>
        <div
          className="bar job-bar"
          role="progressbar"
          aria-label={`Progress of ${entry.title}`}
          aria-valuenow={Math.round(share * 100)}
          aria-valuemin={0}
          aria-valuemax={100}
        >
          <i style={{ width: `${share * 100}%` }} />
        </div>
      </div>
    </div>
  );
}

interface WaitingListProps {
  readonly waiting: readonly JobEntry[];
  readonly actions: QueueActions;
}

function WaitingList({ waiting, actions }: WaitingListProps) {
  const [dragged, setDragged] = useState<string | null>(null);
  const [over, setOver] = useState<string | null>(null);
  const drop = (before: string | null): void => {
    if (dragged !== null && dragged !== before) actions.move(dragged, before);
    setDragged(null);
    setOver(null);
  };
  const byKey = (event: KeyboardEvent, at: number): void => {
    const entry = waiting[at];
    if (entry === undefined) return;
    if (event.key === "Delete") actions.cancel(entry.job);
    else if (event.altKey && event.key === "ArrowUp" && at > 0) {
      actions.move(entry.job, waiting[at - 1]?.job ?? null);
    } else if (event.altKey && event.key === "ArrowDown" && at < waiting.length - 1) {
      actions.move(entry.job, waiting[at + 2]?.job ?? null);
    } else return;
    event.preventDefault();
  };
  return (
    <ol className="waiting" aria-label="Waiting jobs">
      {waiting.map((entry, i) => (
        <li
          key={entry.job}
          className={[
            "job",
            over === entry.job ? "drop-before" : "",
            dragged === entry.job ? "dragged" : "",
          ].join(" ")}
          tabIndex={0}
          aria-label={`${i + 1}, ${entry.title}. Alt and arrow keys move it, Delete removes it.`}
          draggable
          onKeyDown={(event) => byKey(event, i)}
          onDragStart={(event) => {
            event.dataTransfer.effectAllowed = "move";
            event.dataTransfer.setData("text/plain", entry.title);
            setDragged(entry.job);
          }}
          onDragEnd={() => {
            setDragged(null);
            setOver(null);
          }}
          onDragOver={(event) => {
            if (dragged === null) return;
            event.preventDefault();
            setOver(entry.job);
          }}
          onDrop={(event) => {
            event.preventDefault();
            drop(entry.job);
          }}
        >
          <JobPicture entry={entry} />
          <div className="grow">
            <div className="row job-line">
              <span className="medium ellipsis grow">{entry.title}</span>
              <span className="t3">{i + 1}</span>
              <Menu entries={() => waitingMenu(entry, actions, waiting)} align="end">
                <IconButton icon="more" label={`More for ${entry.title}`} small />
              </Menu>
            </div>
            <div className="t2 small ellipsis">
              <WaitingWords entry={entry} />
            </div>
          </div>
        </li>
      ))}
      {dragged !== null && (
        <li
          className={over === "end" ? "drop-end over" : "drop-end"}
          onDragOver={(event) => {
            event.preventDefault();
            setOver("end");
          }}
          onDrop={(event) => {
            event.preventDefault();
            drop(null);
          }}
        >
          <Icon name="drop" size={13} /> Last
        </li>
      )}
    </ol>
  );
}

function WaitingWords({ entry }: { readonly entry: JobEntry }) {
  const seconds = useLastSeconds(entry.title);
  const parts = [
    seconds === null ? null : `about ${durationText(seconds)}`,
    entry.cell === null ? null : `sweep, cell ${entry.cell.map((at) => at + 1).join(" × ")}`,
    entry.batch !== null && entry.cell === null ? "batch" : null,
    entry.attempts > 0 ? triedWords(entry.attempts) : null,
    entry.error?.message ?? null,
  ];
  return parts.filter((part) => part !== null).join(" · ") || "waits";
}

function waitingMenu(
  entry: JobEntry,
  actions: QueueActions,
  waiting: readonly JobEntry[],
): readonly MenuEntry[] {
  return [
    { label: "Open its graph", icon: "pencil", run: () => actions.edit(entry) },
    { label: "Put the graph in front in its place", run: () => actions.replace(entry) },
    { label: "Duplicate", icon: "copy", run: () => actions.duplicate(entry) },
    {
      label: "Run next",
      disabled: waiting[0]?.job === entry.job,
      run: () => actions.move(entry.job, waiting[0]?.job ?? null),
    },
    "line",
    { label: "Remove", icon: "trash", danger: true, run: () => actions.cancel(entry.job) },
  ];
}

function triedWords(attempts: number): string {
  return attempts === 1 ? "tried once" : `tried ${attempts} times`;
}
