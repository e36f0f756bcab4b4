/** What the graph in front will need: memory against the device's, work, and time where this device was measured. */
import { usePanelStore } from "../panels-context.tsx";
import { useActive, useEditorStore } from "../../editor-context.tsx";
import { Fact } from "../../player/live-figures.tsx";
import { Chip } from "../../ui/chip.tsx";
import { Icon } from "../../ui/icon.tsx";
import { bytesText, durationText, flopsText, percentText } from "../figures.ts";
import { EmptyState } from "../notices/empty-state.tsx";
import { LoadingArcs } from "../notices/loading-arcs.tsx";
import { heaviestStages } from "./heaviest-stages.ts";
import { Section } from "./section.tsx";

export function PlanSections() {
  const active = useActive();
  const { report, problem, pending } = usePanelStore(
    (panels) => panels.plans,
    (state) => state,
  );
  const total = usePanelStore(
    (panels) => panels.memory,
    (state) => state.report?.totalBytes ?? null,
  );
  const budget = useEditorStore(
    (editor) => editor.settings,
    (state) => state.memoryBudgetBytes,
  );
  if (active === null || Object.keys(active.document.nodes).length === 0) {
    return (
      <EmptyState title="Nothing here yet">
        Double-click for a node, or drop a video to open its graph.
      </EmptyState>
    );
  }
  if (report === null) {
    if (pending) return <LoadingArcs>Counting what the graph needs</LoadingArcs>;
    return problem === null ? null : (
      <Section title="No plan yet">
        <p className="t2 plan-problem">{problem}</p>
      </Section>
    );
  }
  const limit = budget ?? total;
  const fits = limit === null || report.peakBytes <= limit;
  const stages = heaviestStages(report.stages);
  return (
    <div className={pending ? "plan pending" : "plan"}>
      <Section
        title="Memory"
        aside={
          limit !== null && (
            <Chip tone={fits ? "live" : "error"}>
              <Icon name={fits ? "check" : "error"} size={13} />
              {fits ? "fits" : "too large"}
            </Chip>
          )
        }
      >
        {limit !== null && (
          <div className={fits ? "bar plan-bar" : "bar plan-bar exceeds"} aria-hidden="true">
            <i style={{ width: `${Math.min(100, (report.peakBytes / limit) * 100)}%` }} />
          </div>
        )}
        <dl className="facts">
          {stages.map(({ node, title, peakBytes, kind }) => (
            <Fact
              key={node}
              name={
                <>
                  <i className={`key-swatch ${kind}`} />
                  {title}
                </>
              }
              value={bytesText(peakBytes)}
            />
          ))}
          <div className="fact total">
            <dt>{limit === null ? "Peak" : `Peak of ${bytesText(limit)}`}</dt>
            <dd>{bytesText(report.peakBytes)}</dd>
          </div>
        </dl>
        {!fits && limit !== null && (
          <p className="small bad">
            Needs {bytesText(report.peakBytes)} of {bytesText(limit)}. Make the clip smaller or
            shorter, or decode in tiles.
          </p>
        )}
      </Section>
      <Section title="Work">
        <dl className="facts">
          <Fact name="whole run" value={flopsText(report.flops)} />
          {report.denseFlops > report.flops && (
            <>
              <Fact name="against dense" value={percentText(report.flops / report.denseFlops)} />
              <Fact
                name="attention against dense"
                value={percentText(report.attentionFlops / report.denseAttentionFlops)}
              />
            </>
          )}
        </dl>
      </Section>
      {(report.seconds !== null || report.secondsPerStep !== null) && (
        <Section title="Time, as measured here before">
          <dl className="facts">
            {report.secondsPerStep !== null && (
              <Fact name="a step" value={durationText(report.secondsPerStep)} />
            )}
            {report.seconds !== null && (
              <Fact name="whole run, about" value={durationText(report.seconds)} />
            )}
          </dl>
        </Section>
      )}
      {report.assumed.length > 0 && (
        <Section title="Counted without their files">
          {report.assumed.map(({ file, model }) => (
            <p key={file} className="t2 small">
              {file}, taken for {model}
            </p>
          ))}
        </Section>
      )}
    </div>
  );
}
