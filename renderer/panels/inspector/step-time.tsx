import { durationText } from "../figures.ts";
import type { RadialGeometry } from "../radial/geometry.ts";
import { useStepTimes } from "../radial/radial-figures.tsx";
import { Section } from "./section.tsx";

const LONGEST = 128;

/** Seconds a step, dense and radial, as measured in this session; nothing before. */
export function StepTime({ geometry }: { readonly geometry: RadialGeometry }) {
  const times = useStepTimes(geometry);
  if (times === null) return null;
  const rows = [
    { kind: "dense", seconds: times.dense },
    { kind: "radial", seconds: times.radial },
  ].flatMap(({ kind, seconds }) => (seconds === null ? [] : [{ kind, seconds }]));
  const longest = Math.max(...rows.map(({ seconds }) => seconds));
  return (
    <Section title="Time a step" aside="measured">
      {rows.map(({ kind, seconds }) => (
        <div key={kind} className="step-time">
          <span className="t2">{kind}</span>
          <i className={kind} style={{ width: Math.max(2, (seconds / longest) * LONGEST) }} />
          <span className="medium">{stepText(seconds)}</span>
        </div>
      ))}
    </Section>
  );
}

function stepText(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : durationText(seconds);
}
