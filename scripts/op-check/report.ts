import type { CaseOutcome } from "./check-case.ts";

/** Broken cases, then a line an op: cases, how many hold, the worst error. */
export function formatOutcomes(mode: string, outcomes: readonly CaseOutcome[]): string {
  const lines: string[] = [];
  for (const { op, title, error, bound, ok, failure } of outcomes) {
    if (!ok) lines.push(`BROKEN ${mode} ${op} (${title}): ${error} > ${bound} ${failure ?? ""}`);
  }
  lines.push(`${mode.padEnd(24)} cases  hold  worst error  of its bound`);
  for (const op of new Set(outcomes.map((outcome) => outcome.op))) {
    const own = outcomes.filter((outcome) => outcome.op === op);
    const held = own.filter(({ ok }) => ok).length;
    const { error, bound } = own.reduce((most, next) =>
      (next.error ?? Infinity) > (most.error ?? Infinity) ? next : most,
    );
    const share = bound > 0 ? `${((100 * (error ?? NaN)) / bound).toFixed(0)} %` : "exact";
    lines.push(
      `${op.padEnd(24)} ${String(own.length).padStart(5)} ${String(held).padStart(5)}  ` +
        `${(error ?? NaN).toExponential(2).padStart(11)}  ${share}`,
    );
  }
  const held = outcomes.filter(({ ok }) => ok).length;
  lines.push(`${mode}: ${held} of ${outcomes.length} cases hold`);
  return lines.join("\n");
}
