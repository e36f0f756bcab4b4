/**
 * Mochi's noise levels from 1 to 0 (genmo's Mochi repository, linear_quadratic_schedule): `linearSteps` even steps take
 * away `threshold` of the noise, a parabola that goes on with their slope takes away the rest. In double precision;
 * steps + 1 values.
 */
export function linearQuadratic(
  steps: number,
  threshold = 0.025,
  linearSteps = Math.trunc(steps / 2),
): number[] {
  if (steps === 1) return [1, 0];
  const rest = steps - linearSteps;
  const difference = linearSteps - threshold * steps;
  const quadratic = difference / (linearSteps * rest ** 2);
  const slope = threshold / linearSteps - (2 * difference) / rest ** 2;
  const constant = quadratic * linearSteps ** 2;
  const progress = (i: number): number =>
    i < linearSteps ? (i * threshold) / linearSteps : quadratic * i ** 2 + slope * i + constant;
  return [...Array.from({ length: steps }, (_, i) => 1 - progress(i)), 0];
}
