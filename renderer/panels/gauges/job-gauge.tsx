/** The running job in the top bar: a ring, step and time left, how many wait, and stop. */
import { useEffect, useRef, useState } from "react";
import { useEditor, useEditorStore } from "../../editor-context.tsx";
import { stopRunning } from "../../commands/run-graph.ts";
import { Chip } from "../../ui/chip.tsx";
import { IconButton } from "../../ui/icon-button.tsx";
import { ProgressRing } from "../../ui/progress-ring.tsx";
import { leftText } from "../figures.ts";
import { announcement } from "../queue/progress-words.ts";
import { useRunning } from "../queue/use-running.ts";
import "./gauges.css";

export function JobGauge() {
  const editor = useEditor();
  const running = useRunning();
  const waiting = useEditorStore(
    (e) => e.runs,
    ({ queue }) => queue.waitingCount,
  );
  const paused = useEditorStore(
    (e) => e.runs,
    ({ queue }) => queue.paused,
  );
  const progress = running?.progress ?? null;
  const said = useAnnouncement(
    progress?.title ?? "",
    progress === null ? 0 : progress.value / progress.max,
  );
  return (
    <>
      <span className="visually-hidden" role="status">
        {said}
      </span>
      {running !== null && (
        <div className="gauge job-gauge">
          <button
            type="button"
            className="job-open"
            title="Show the queue"
            onClick={() => editor.layout.set({ panel: "queue" })}
          >
            <ProgressRing share={progress === null ? 0 : progress.value / progress.max} />
            {progress === null ? (
              <span className="job-words">{running.title}</span>
            ) : (
              <span className="job-words">
                <span className="strong">
                  {progress.value} of {progress.max}
                </span>{" "}
                {progress.secondsLeft > 0 && `${leftText(progress.secondsLeft)} left`}
              </span>
            )}
            {waiting > 0 && <Chip>+{waiting}</Chip>}
          </button>
          <IconButton
            icon="stop"
            label="Stop this job"
            keys="$mod+Alt+Enter"
            small
            onClick={() => void stopRunning(editor)}
          />
        </div>
      )}
      {running === null && waiting > 0 && (
        <button
          type="button"
          className="gauge"
          onClick={() => editor.layout.set({ panel: "queue" })}
        >
          {paused ? "Queue paused" : "Queue"} <Chip>{waiting}</Chip>
        </button>
      )}
    </>
  );
}

/** What a screen reader hears: quarters of a node's steps. */
function useAnnouncement(title: string, share: number): string {
  const before = useRef({ title: "", share: 0 });
  const [said, setSaid] = useState("");
  useEffect(() => {
    const last = before.current;
    before.current = { title, share };
    const words = announcement(title, last.title === title ? last.share : 0, share);
    if (words !== null) setSaid(words);
  }, [title, share]);
  return said;
}
