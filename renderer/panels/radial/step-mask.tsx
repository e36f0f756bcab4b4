/** On a sampler's preview: the mask of the step that runs, or a full square for a dense one, and which it is. */
import { useEffect, useRef } from "react";
import { useEditorStore } from "../../editor-context.tsx";
import { useTheme } from "../use-theme.ts";
import { drawMask, WHOLE } from "./draw-mask.ts";
import { radialNodeOf } from "./geometry.ts";
import { flatGraph, flatName } from "./flat-graph.ts";
import { useGeometry, useMask } from "./use-mask.ts";

interface StepMaskProps {
  readonly document: string;
  readonly node: string;
}

export function StepMask({ document, node }: StepMaskProps) {
  const theme = useTheme();
  const canvas = useRef<HTMLCanvasElement>(null);
  // The graph as it runs: an edit since then changes nothing about this step.
  const ran = useEditorStore(
    (editor) => editor.runs,
    (state) => state.ran[document] ?? null,
  );
  const run = useEditorStore(
    (editor) => editor.runs,
    ({ nodes }) => nodes[document]?.[node] ?? null,
  );
  const graph = ran === null ? null : flatGraph(ran);
  const sampler = graph === null ? null : flatName(graph, node);
  const radial = graph === null || sampler === null ? null : radialNodeOf(graph, sampler);
  const geometry = useGeometry(ran, radial);
  const shown = useMask(`step ${document} ${node}`, geometry);
  const running = run?.status === "running" && run.max > 0 && run.value < run.max;
  // `value` steps are done: the one that runs is the next, counted from 0.
  const sparse =
    running &&
    geometry !== null &&
    run.value >= geometry.settings.denseSteps &&
    run.value < run.max - geometry.settings.lastDenseSteps;
  useEffect(() => {
    const element = canvas.current;
    if (element === null || shown === null) return;
    element.width = 92;
    element.height = 92;
    drawMask(element, {
      mask: shown.mask.report,
      block: shown.block,
      theme: "dark",
      window: WHOLE,
      pair: null,
    });
  }, [shown, sparse, theme]);
  if (!running || geometry === null) return null;
  return (
    <>
      <span className="over step-words">{sparse ? "radial step" : "dense step"}</span>
      <div className={sparse ? "mini-mask" : "mini-mask dense"} aria-hidden="true">
        {sparse && <canvas ref={canvas} />}
      </div>
    </>
  );
}
