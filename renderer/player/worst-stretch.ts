/** Where two clips differ most. */

export interface Stretch {
  /** Frames from 0, both inclusive. */
  readonly first: number;
  readonly last: number;
}

/** A stretch counts only when its mean lies this many standard deviations under the clip's. */
const CLEARLY_BELOW = 0.8;

/**
 * The seven frames (fewer in short clips) with the lowest mean, widened while the neighbours are as low; null when the
 * curve is level, so that nothing is marked where nothing stands out.
 */
export function worstStretch(values: readonly (number | null)[], length = 7): Stretch | null {
  const curve = finiteCurve(values);
  if (curve.length < 4) return null;
  const size = Math.min(length, Math.max(1, Math.floor(curve.length / 3)));
  const mean = average(curve);
  const deviation = Math.sqrt(average(curve.map((value) => (value - mean) ** 2)));
  let first = 0;
  let lowest = Number.POSITIVE_INFINITY;
  for (let start = 0; start + size <= curve.length; start++) {
    const here = average(curve.slice(start, start + size));
    if (here < lowest) [first, lowest] = [start, here];
  }
  if (deviation === 0 || mean - lowest < CLEARLY_BELOW * deviation) return null;
  let last = first + size - 1;
  const limit = (mean + lowest) / 2;
  while (first > 0 && (curve[first - 1] as number) <= limit) first--;
  while (last < curve.length - 1 && (curve[last + 1] as number) <= limit) last++;
  return { first, last };
}

/** Equal frames have no finite PSNR; they count as the best of the others. */
function finiteCurve(values: readonly (number | null)[]): number[] {
  const best = Math.max(0, ...values.filter((value): value is number => value !== null));
  return values.map((value) => value ?? best);
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
