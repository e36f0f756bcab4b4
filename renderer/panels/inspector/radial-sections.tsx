/** The inspector of radial attention: by step, by layer, presets, and what is kept by distance. */
import type { GraphDocument } from "#runtime/graph/document";
import { useEditorStore } from "../../editor-context.tsx";
import type { StripCells } from "./step-strip.ts";
import { graphWith } from "../radial/graph-with.ts";
import { useGeometry, useMask } from "../radial/use-mask.ts";
import { DistanceShares } from "./distance-shares.tsx";
import { Presets } from "./presets.tsx";
import { Section } from "./section.tsx";
import { layerCells, stepCells } from "./step-strip.ts";
import { StepTime } from "./step-time.tsx";

interface RadialSectionsProps {
  readonly document: string;
  readonly graph: GraphDocument;
  readonly node: string;
}

export function RadialSections({ document, graph, node }: RadialSectionsProps) {
  const geometry = useGeometry(graph, node);
  const shown = useMask(`${document} ${node}`, geometry);
  const run = useEditorStore(
    (editor) => editor.runs,
    ({ nodes }) =>
      typeof geometry?.sampler === "string" ? (nodes[document]?.[geometry.sampler] ?? null) : null,
  );
  if (geometry === null) {
    return (
      <Section title="Attention">
        <p className="t2">
          Its settings come from links whose values are not known before they run.
        </p>
      </Section>
    );
  }
  const { steps, settings } = geometry;
  const running = run !== null && run.status === "running" && run.max > 0;
  const layers = shown?.mask.report.layers ?? null;
  const byStep = steps === null ? null : stepCells(settings, steps, running ? run.value : null);
  const byLayer = layers === null ? null : layerCells(settings, layers);
  return (
    <>
      <Section
        title="Attention by step"
        aside={running ? `${run.value} of ${run.max}` : steps === null ? null : `${steps} steps`}
      >
        {byStep === null ? (
          <p className="t2">Connect the model to a sampler to see its steps.</p>
        ) : (
          <>
            <Cells strip={byStep} current={running ? run.value : null} />
            <div className="strip-legend">
              <span>
                <i className="key-swatch dense" />
                {byStep.dense} dense
              </span>
              <span>
                <i className="key-swatch radial" />
                {byStep.radial} radial
              </span>
            </div>
          </>
        )}
        {byLayer !== null && (
          <>
            <div className="section-head inner">
              <h3 className="cap">By layer</h3>
              <span className="t3 small">
                {byLayer.dense} dense, {byLayer.radial} radial
              </span>
            </div>
            <Cells strip={byLayer} current={null} thin />
          </>
        )}
      </Section>
      {isOurs(graph, node) && <Presets document={document} node={node} geometry={geometry} />}
      {shown !== null && <DistanceShares shown={shown} />}
      <StepTime geometry={geometry} />
    </>
  );
}

interface CellsProps {
  readonly strip: StripCells;
  readonly current: number | null;
  readonly thin?: boolean;
}

function Cells({ strip, current, thin }: CellsProps) {
  const words = `${strip.dense} dense, then ${strip.radial} radial`;
  return (
    <div className={thin ? "cells thin" : "cells"} role="img" aria-label={words}>
      {strip.cells.map((kind, i) => (
        <i key={i} className={i === current ? `${kind} current` : kind} />
      ))}
    </div>
  );
}

/** Presets are written under the names of our own nodes. */
function isOurs(document: GraphDocument, node: string): boolean {
  return graphWith(document, node)?.nodes[node]?.type.startsWith("RadialAttention") === true;
}
