import { useEditorStore } from "../editor-context.tsx";
import { leftText, paceText } from "../panels/figures.ts";
import type { LiveClip } from "../stores/player.ts";

/** What is known of a clip while it is being made. */
export function LiveFigures({ live }: { readonly live: LiveClip }) {
  const run = useEditorStore(
    (editor) => editor.runs,
    ({ owners, nodes }) => nodes[owners[live.job] ?? ""]?.[live.node] ?? null,
  );
  const share = run === null || run.max === 0 ? null : run.value / run.max;
  return (
    <div className="player-figures">
      <div className="cap">Being made</div>
      {run !== null && share !== null && (
        <>
          <div className="figure large">
            {run.value}
            <span className="unit"> of {run.max} steps</span>
          </div>
          <div
            className="bar"
            role="progressbar"
            aria-label="Steps"
            aria-valuenow={run.value}
            aria-valuemin={0}
            aria-valuemax={run.max}
          >
            <i style={{ width: `${share * 100}%` }} />
          </div>
          <dl className="facts">
            {run.secondsPerUnit !== null && run.secondsPerUnit > 0 && (
              <Fact name="pace" value={paceText(run.secondsPerUnit)} />
            )}
            {run.secondsLeft !== null && run.secondsLeft > 0 && (
              <Fact name="left" value={leftText(run.secondsLeft)} />
            )}
          </dl>
        </>
      )}
      <p className="t3 small">
        {live.preview.frames} latent frames, looping. The finished clip takes their place.
      </p>
    </div>
  );
}

export function Fact({
  name,
  value,
}: {
  readonly name: React.ReactNode;
  readonly value: React.ReactNode;
}) {
  return (
    <div className="fact">
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
