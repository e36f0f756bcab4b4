/** What a running job says of itself, in the panel, in the gauge and to a screen reader. */
import { leftText, paceText } from "../figures.ts";

export interface StepProgress {
  readonly node: string;
  readonly title: string;
  readonly value: number;
  readonly max: number;
  /** Seconds of the last step; 0 until one is done. */
  readonly secondsPerStep: number;
  readonly secondsLeft: number;
}

/** "step 17 of 30 · 9.5 s/it · 2:03 left". */
export function progressLine(progress: StepProgress): string {
  const { value, max, secondsPerStep, secondsLeft } = progress;
  const parts = [`step ${value} of ${max}`];
  if (secondsPerStep > 0) parts.push(paceText(secondsPerStep));
  if (secondsLeft > 0) parts.push(`${leftText(secondsLeft)} left`);
  return parts.join(" · ");
}

/** Quarters of the way that are worth saying aloud: one sentence as each is passed, null between them. */
export function announcement(title: string, before: number, now: number): string | null {
  const quarter = Math.floor(now * 4 + 1e-9);
  if (quarter <= Math.floor(before * 4 + 1e-9) || quarter < 1) return null;
  return quarter >= 4 ? `${title}: all steps done` : `${title}: ${quarter * 25} percent`;
}
