import { usePanelStore } from "../panels-context.tsx";
import { ratioText } from "../figures.ts";
import type { RadialGeometry } from "./geometry.ts";
import { geometryKey } from "./timed-geometry.ts";
import type { ShownMask } from "./use-mask.ts";

interface FiguresProps {
  readonly geometry: RadialGeometry | null;
  readonly shown: ShownMask | null;
}

/** Blocks kept, the work of a step, and how much faster a step was; each only where it is known. */
export function RadialFigures({ geometry, shown }: FiguresProps) {
  const times = useStepTimes(geometry);
  if (shown === null) return null;
  const { density, stepFlopShare } = shown.mask.report;
  const faster = times?.dense && times.radial ? times.dense / times.radial : null;
  return (
    <div className={shown.current ? "radial-figures" : "radial-figures t3"}>
      <Figure value={(density * 100).toFixed(1)} unit="%" words="of blocks kept" />
      {stepFlopShare !== null && (
        <Figure value={(stepFlopShare * 100).toFixed(1)} unit="%" words="FLOPs a step" />
      )}
      {faster !== null ? (
        <Figure value={ratioText(faster)} unit="×" words="faster a step" accent />
      ) : (
        stepFlopShare !== null && (
          <Figure value={ratioText(1 / stepFlopShare)} unit="×" words="less work a step" accent />
        )
      )}
    </div>
  );
}

/** Measured times of this geometry; null until a step of it ran in this session. */
export function useStepTimes(geometry: RadialGeometry | null) {
  const key = geometry === null ? null : geometryKey(geometry);
  return usePanelStore(
    (panels) => panels.stepTimes,
    ({ byGeometry }) => (key === null ? null : (byGeometry[key] ?? null)),
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
      <div className={accent ? "figure accent" : "figure"}>
        {value}
        <span className="unit"> {unit}</span>
      </div>
      <div className="t3 micro">{words}</div>
    </div>
  );
}
