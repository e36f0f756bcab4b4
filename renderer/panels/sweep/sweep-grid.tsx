/** Results of a sweep with its axes labelled. All cells play in step; a click makes one A, with Shift B. */
import { useEffect, useRef } from "react";
import type { JobEntry } from "#runtime/protocol/service-values";
import { useEditorStore } from "../../editor-context.tsx";
import type { Clip } from "../../stores/player.ts";
import { useClipFrames } from "../../player/use-clip-frames.ts";
import { usePanels, usePanelStore } from "../panels-context.tsx";
import { useRunning } from "../queue/use-running.ts";
import { sweepAxes, type RanAxis } from "./sweep-axes.ts";
import { useBatch } from "./use-batch.ts";
import "./sweep.css";

/** Bytes that the frames of a cell hold: a cell is small. */
const CELL_BUDGET = 12 * 2 ** 20;

export function SweepGrid({ batch }: { readonly batch: string }) {
  const { jobs, documents } = useBatch(batch);
  const descriptions = useEditorStore(
    (editor) => editor.nodes,
    (state) => state.descriptions,
  );
  const swept = jobs.flatMap((entry) => {
    const document = documents.get(entry.job);
    return entry.cell === null || document === undefined
      ? []
      : [{ job: entry.job, cell: entry.cell, document }];
  });
  const axes = sweepAxes(swept);
  const [across, down] = axes;
  const columns = lengthOf(jobs, 0);
  const rows = lengthOf(jobs, 1);
  const title = (axis: RanAxis): string => {
    const node = swept[0]?.document.nodes[axis.node];
    const name = node?.title ?? descriptions.get(node?.type ?? "")?.title ?? node?.type ?? "";
    return `${name}: ${axis.value.replaceAll("_", " ")}`;
  };
  return (
    <div className="sweep-results">
      <div className="row sweep-title">
        <span className="cap">From one sweep: {axes.map(title).join(" × ")}</span>
        <span className="grow" />
        <span className="t3 small">
          {jobs.filter(({ state }) => state === "done").length} of {jobs.length} runs, all playing
          in step
        </span>
      </div>
      <div
        className="sweep-grid"
        style={{
          gridTemplateColumns: `${rows > 1 ? "auto " : ""}repeat(${columns}, minmax(0, 260px))`,
        }}
      >
        {rows > 1 && <span />}
        {Array.from({ length: columns }, (_, i) => (
          <span key={i} className="t2 sweep-label">
            {across?.labels[i] ?? ""}
          </span>
        ))}
        {Array.from({ length: rows }, (_, row) => [
          rows > 1 ? (
            <span key={`label ${row}`} className="t2 sweep-label side">
              {down?.labels[row] ?? ""}
            </span>
          ) : null,
          ...Array.from({ length: columns }, (__, column) => {
            const entry = jobs.find(({ cell }) => cell?.[0] === column && (cell[1] ?? 0) === row);
            return (
              <SweepCell
                key={`${row} ${column}`}
                entry={entry}
                words={[across?.labels[column], down?.labels[row]]}
              />
            );
          }),
        ])}
      </div>
    </div>
  );
}

function lengthOf(jobs: readonly JobEntry[], axis: number): number {
  return Math.max(1, ...jobs.map(({ cell }) => (cell?.[axis] ?? 0) + 1));
}

interface CellProps {
  readonly entry: JobEntry | undefined;
  readonly words: readonly (string | undefined)[];
}

function SweepCell({ entry, words }: CellProps) {
  const { player, results } = usePanels();
  const running = useRunning();
  const clip = entry === undefined ? undefined : results.clipsOf(entry).at(-1);
  const ring = usePanelStore(
    (panels) => panels.player,
    ({ a, b }) =>
      clip === undefined ? "" : a?.url === clip.url ? "a" : b?.url === clip.url ? "b" : "",
  );
  const name = words.filter(Boolean).join(", ");
  if (clip === undefined) {
    const progress = running !== null && running.entry.job === entry?.job ? running.progress : null;
    const failed = entry?.state === "failed";
    return (
      <div
        className={progress === null ? "sweep-cell empty" : "sweep-cell empty running"}
        title={entry?.error?.message}
      >
        {progress !== null && `${Math.round((progress.value / progress.max) * 100)} %`}
        {failed && <span className="failed-words small">failed</span>}
      </div>
    );
  }
  return (
    <button
      type="button"
      className={`sweep-cell ${ring}`}
      aria-label={`${name}${ring === "" ? "" : `, shown as ${ring.toUpperCase()}`}`}
      onClick={(event) => (event.shiftKey ? player.compare(clip) : chooseA(player, clip))}
    >
      <CellPicture clip={clip} />
      <span className="over">{name}</span>
    </button>
  );
}

/** A changes, B and the moment in time stay. */
function chooseA(player: ReturnType<typeof usePanels>["player"], clip: Clip): void {
  const { b } = player.store.getState();
  player.set({
    a: clip,
    live: null,
    ...(b?.url === clip.url ? { b: null, view: "single" as const } : {}),
  });
}

function CellPicture({ clip }: { readonly clip: Clip }) {
  const { player } = usePanels();
  const canvas = useRef<HTMLCanvasElement>(null);
  const frames = useClipFrames(clip, CELL_BUDGET);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const paint = (): void => {
      const { frame } = player.store.getState();
      const picture = frames.pictures[frame] ?? frames.pictures.at(-1);
      if (picture === undefined) return;
      if (element.width !== picture.width) element.width = picture.width;
      if (element.height !== picture.height) element.height = picture.height;
      element.getContext("2d")?.drawImage(picture, 0, 0);
    };
    paint();
    return player.store.subscribe((state, before) => {
      if (state.frame !== before.frame) paint();
    });
  }, [frames, player]);
  return <canvas ref={canvas} aria-hidden="true" />;
}
