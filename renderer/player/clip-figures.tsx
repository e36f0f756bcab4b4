/** Beside the strip: what is known of the clip, or how two of them compare. */
import { useEffect } from "react";
import type { Comparison } from "#runtime/protocol/service-values";
import { bytesText, durationText } from "../panels/figures.ts";
import { ShareClip } from "../panels/gallery/share-clip.tsx";
import { jobSeconds } from "../panels/history/job-words.ts";
import { usePanels, usePanelStore } from "../panels/panels-context.tsx";
import type { Clip } from "../stores/player.ts";
import { Button } from "../ui/button.tsx";
import { useClipWords } from "./clip-names.tsx";
import { Curve } from "./curve.tsx";
import { Fact } from "./live-figures.tsx";
import { useComparedDocuments } from "./use-compared-documents.ts";

const ROWS = 3;

export function ClipFigures() {
  const a = usePanelStore(
    (panels) => panels.player,
    (state) => state.a,
  );
  const b = usePanelStore(
    (panels) => panels.player,
    (state) => state.b,
  );
  const view = usePanelStore(
    (panels) => panels.player,
    (state) => state.view,
  );
  if (a === null) return null;
  return b === null || view === "single" ? <OneClip clip={a} /> : <TwoClips a={a} b={b} />;
}

function OneClip({ clip }: { readonly clip: Clip }) {
  const { player, results } = usePanels();
  // Where there is nothing older, there is one after the next run.
  usePanelStore(
    (panels) => panels.pastRuns,
    (state) => state.entries,
  );
  const before = results.before(clip);
  const words = useClipWords(clip);
  const entry = useJob(clip);
  const seconds = entry === null ? null : jobSeconds(entry);
  return (
    <div className="player-figures">
      <div className="cap">Shown</div>
      <div className="medium ellipsis" title={clip.file.path}>
        {clip.name}
      </div>
      <dl className="facts">
        <Fact name={clip.kind === "video" ? "clip" : "size"} value={sizeWords(clip)} />
        {words !== "" && <Fact name="attention" value={words} />}
        {seconds !== null && <Fact name="time" value={durationText(seconds)} />}
        {entry !== null && entry.peakBytes !== null && (
          <Fact name="peak memory" value={bytesText(entry.peakBytes)} />
        )}
      </dl>
      <ShareClip clip={clip} small />
      {before === null ? (
        <p className="t3 small">Shift-click one in the gallery to compare.</p>
      ) : (
        <Button
          small
          icon="wipe"
          title={`${clip.name} over ${before.name}`}
          onClick={() => player.compare(before)}
        >
          Compare with the one before
        </Button>
      )}
    </div>
  );
}

/** "256 × 256, 33 frames, 2.1 s". */
function sizeWords({ kind, width, height, frames, fps }: Clip): string {
  const size = `${width} × ${height}`;
  return kind === "video" ? `${size}, ${frames} frames, ${durationText(frames / fps)}` : size;
}

function TwoClips({ a, b }: { readonly a: Clip; readonly b: Clip }) {
  const comparison = useComparison(a, b);
  const problem = usePanelStore(
    (panels) => panels.results,
    (state) => state.problem,
  );
  const differ = useDifferences(a, b).slice(0, ROWS);
  return (
    <div className="player-figures">
      <div className="cap">A against B, this frame</div>
      {problem !== null && <p className="t2 small">{problem}</p>}
      {comparison === null && problem === null && (
        <p className="t3 small" role="status">
          Comparing frame by frame
        </p>
      )}
      {comparison !== null && (
        <>
          <FrameFigures comparison={comparison} />
          <Curve values={comparison.psnrByFrame} height={30} name="PSNR by frame" />
        </>
      )}
      <dl className="facts">
        {differ.map(({ label, a: left, b: right }) => (
          <Fact
            key={label}
            name={label}
            value={
              <>
                {left ?? "–"} <span className="t3">/</span> {right ?? "–"}
              </>
            }
          />
        ))}
      </dl>
    </div>
  );
}

/** PSNR and SSIM of the frame in view. Equal frames have no finite PSNR. */
function FrameFigures({ comparison }: { readonly comparison: Comparison }) {
  const frame = usePanelStore(
    (panels) => panels.player,
    (state) => Math.min(state.frame, comparison.frames - 1),
  );
  const psnr = comparison.psnrByFrame[frame];
  return (
    <div className="figure-row">
      <div>
        <div className="figure">
          {psnr === null || psnr === undefined ? "equal" : psnr.toFixed(1)}
          {typeof psnr === "number" && <span className="unit"> dB</span>}
        </div>
        <div className="t3 micro">PSNR</div>
      </div>
      <div>
        <div className="figure">
          {(comparison.ssimByFrame[frame] ?? comparison.ssim).toFixed(3)}
        </div>
        <div className="t3 micro">SSIM</div>
      </div>
    </div>
  );
}

/** Figures of two clips; asked for when either changes. */
export function useComparison(a: Clip | null, b: Clip | null): Comparison | null {
  const { results } = usePanels();
  useEffect(() => results.compare(a, b), [results, a, b]);
  return usePanelStore(
    (panels) => panels.results,
    (state) => state.comparison,
  );
}

export interface DifferenceRow {
  readonly label: string;
  readonly a: string | null;
  readonly b: string | null;
}

/** What differs in their documents, then what the runs took. */
export function useDifferences(a: Clip, b: Clip): DifferenceRow[] {
  const differ = useComparedDocuments(a, b)?.differ ?? [];
  const [one, two] = [useJob(a), useJob(b)];
  const [wordsA, wordsB] = [useClipWords(a), useClipWords(b)];
  const rows: DifferenceRow[] = [];
  if (wordsA !== wordsB) rows.push({ label: "attention", a: wordsA, b: wordsB });
  rows.push(...differ);
  const [secondsA, secondsB] = [one && jobSeconds(one), two && jobSeconds(two)];
  if (secondsA !== null && secondsB !== null && a.job !== b.job) {
    rows.push({ label: "time", a: durationText(secondsA), b: durationText(secondsB) });
  }
  const [peakA, peakB] = [one?.peakBytes ?? null, two?.peakBytes ?? null];
  if (a.job !== b.job && peakA !== null && peakB !== null) {
    rows.push({ label: "peak", a: bytesText(peakA), b: bytesText(peakB) });
  }
  return rows.filter(({ a: left, b: right }) => left !== right);
}

/** The job that made a clip. */
export function useJob(clip: Clip | null) {
  return usePanelStore(
    (panels) => panels.pastRuns,
    (state) => state.entries.find(({ job }) => job === clip?.job) ?? null,
  );
}
