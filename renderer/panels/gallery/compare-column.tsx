/** Right of the viewer: figures, what differs, what is the same, the difference, and ways on. */
import { useEditor } from "../../editor-context.tsx";
import { Fact } from "../../player/live-figures.tsx";
import {
  useComparison,
  useDifferences,
  useJob,
  type DifferenceRow,
} from "../../player/clip-figures.tsx";
import { useComparedDocuments } from "../../player/use-compared-documents.ts";
import { useClipDocument } from "../../player/use-clip-attention.ts";
import { useClipWords } from "../../player/clip-names.tsx";
import type { Clip } from "../../stores/player.ts";
import { Button } from "../../ui/button.tsx";
import { bytesText, durationText, ratioText } from "../figures.ts";
import { jobSeconds } from "../history/job-words.ts";
import { Section } from "../inspector/section.tsx";
import { usePanelStore } from "../panels-context.tsx";
import { ShareClip } from "./share-clip.tsx";
import { DifferencePicture } from "./difference-picture.tsx";
import "../inspector/inspector.css";

interface ColumnProps {
  readonly a: Clip;
  readonly b: Clip | null;
}

export function CompareColumn({ a, b }: ColumnProps) {
  return (
    <aside className="gallery-column" aria-label={b === null ? "About the result" : "A against B"}>
      <header className="inspector-head">
        <h2 className="ellipsis">{b === null ? a.name : "A against B"}</h2>
      </header>
      {b === null ? <Alone clip={a} /> : <Against a={a} b={b} />}
      <Section title="Share">
        <ShareClip clip={a} {...(b === null ? {} : { copy: "Save a copy of A" })} />
      </Section>
      <Section title={b === null ? "Its graph" : "Their graphs"}>
        <div className="row column-actions">
          <OpenGraph clip={a} label={b === null ? "Open graph" : "Open graph of A"} />
          {b !== null && <OpenGraph clip={b} label="of B" />}
        </div>
      </Section>
    </aside>
  );
}

function Alone({ clip }: { readonly clip: Clip }) {
  const entry = useJob(clip);
  const words = useClipWords(clip);
  const told = useComparedDocuments(clip, clip);
  const seconds = entry === null ? null : jobSeconds(entry);
  return (
    <>
      <Section title="Result">
        <dl className="facts">
          <Fact name="size" value={`${clip.width} × ${clip.height}`} />
          {clip.kind === "video" && (
            <Fact
              name="length"
              value={`${clip.frames} frames, ${durationText(clip.frames / clip.fps)}`}
            />
          )}
          {words !== "" && <Fact name="attention" value={words} />}
          {seconds !== null && <Fact name="time" value={durationText(seconds)} />}
          {entry !== null && entry.peakBytes !== null && (
            <Fact name="peak memory" value={bytesText(entry.peakBytes)} />
          )}
          <Fact name="file" value={<span title={clip.file.path}>{clip.file.path}</span>} />
        </dl>
      </Section>
      {told !== null && (
        <Section title="Made with">
          {told.prompt !== null && <p className="t2 about">{told.prompt}</p>}
          <Facts rows={told.same.slice(0, 14)} />
        </Section>
      )}
    </>
  );
}

function Against({ a, b }: { readonly a: Clip; readonly b: Clip }) {
  const comparison = useComparison(a, b);
  const problem = usePanelStore(
    (panels) => panels.results,
    (state) => state.problem,
  );
  const differ = useDifferences(a, b);
  const [one, two] = [useJob(a), useJob(b)];
  const told = useComparedDocuments(a, b);
  const times = [one && jobSeconds(one), two && jobSeconds(two)];
  const [secondsA, secondsB] = times;
  const apart = a.job !== b.job;
  const faster = apart && secondsA && secondsB ? secondsB / secondsA : null;
  const [peakA, peakB] = [one?.peakBytes ?? null, two?.peakBytes ?? null];
  const peak = apart && peakA !== null && peakB !== null && peakA !== peakB ? peakA - peakB : null;
  return (
    <>
      <section className="section">
        {comparison === null && problem === null && (
          <p className="t3" role="status">
            Comparing frame by frame
          </p>
        )}
        {problem !== null && <p className="t2">{problem}</p>}
        <div className="figure-grid">
          {comparison !== null && (
            <>
              <Figure
                value={comparison.psnr === null ? "equal" : comparison.psnr.toFixed(1)}
                unit={comparison.psnr === null ? "" : "dB"}
                words="PSNR"
              />
              <Figure value={comparison.ssim.toFixed(3)} unit="" words="SSIM" />
            </>
          )}
          {faster !== null && (
            <Figure
              value={ratioText(faster >= 1 ? faster : 1 / faster)}
              unit="×"
              words={faster >= 1 ? "A is faster" : "B is faster"}
              accent
            />
          )}
          {peak !== null && (
            <Figure
              value={`${peak < 0 ? "−" : "+"}${bytesText(Math.abs(peak)).split(" ")[0] ?? ""}`}
              unit={bytesText(Math.abs(peak)).split(" ")[1] ?? ""}
              words="A, peak memory"
            />
          )}
        </div>
      </section>
      <section className="section">
        <DifferTable rows={differ} />
      </section>
      <Section title="Difference, × 4">
        <DifferencePicture a={a} b={b} />
      </Section>
      {told !== null && (
        <Section title="Same in both">
          {told.prompt !== null && <p className="t2 about">{told.prompt}</p>}
          <Facts rows={told.same.slice(0, 8)} />
        </Section>
      )}
    </>
  );
}

function Facts({
  rows,
}: {
  readonly rows: readonly { readonly label: string; readonly value: string }[];
}) {
  return (
    <dl className="facts">
      {rows.map(({ label, value }, i) => (
        <Fact key={`${label} ${i}`} name={label} value={value} />
      ))}
    </dl>
  );
}

function DifferTable({ rows }: { readonly rows: readonly DifferenceRow[] }) {
  if (rows.length === 0) return <p className="t2">Their graphs do not differ.</p>;
  return (
    <table className="differ">
      <thead>
        <tr>
          <th className="cap">Differ</th>
          <th className="cap a">A</th>
          <th className="cap b">B</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ label, a, b }, i) => (
          <tr key={`${label} ${i}`}>
            <td className="t2" title={label}>
              {label}
            </td>
            <td title={a ?? ""}>{a ?? "–"}</td>
            <td title={b ?? ""}>{b ?? "–"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface FigureProps {
  readonly value: string;
  readonly unit: string;
  readonly words: string;
  readonly accent?: boolean;
}

function Figure({ value, unit, words, accent }: FigureProps) {
  return (
    <div>
      <div className={accent ? "figure large accent" : "figure large"}>
        {value}
        <span className="unit"> {unit}</span>
      </div>
      <div className="t3 micro">{words}</div>
    </div>
  );
}

function OpenGraph({ clip, label }: { readonly clip: Clip; readonly label: string }) {
  const { documents, layout } = useEditor();
  const document = useClipDocument(clip);
  return (
    <Button
      icon="nodes"
      disabled={document === null}
      onClick={() => {
        if (document === null) return;
        documents.open(document, { title: clip.name, isSaved: false });
        layout.set({ panel: null });
      }}
    >
      {label}
    </Button>
  );
}
