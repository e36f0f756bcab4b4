import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";

/** The values of a tensor that `run` makes; everything made on the way is freed. */
export async function evaluate(run: () => Tensor): Promise<Float32Array> {
  const [values] = scope(() => [run().read()] as const);
  return values;
}

/** The numbers 0 to n - 1, mapped. */
export function generate(n: number, value: (i: number) => number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => value(i));
}

/**
 * Largest |a - b| over largest |b|, of finite values. Infinity when lengths differ, or where a value that is not finite
 * meets another one than itself.
 */
export function errorOfLargest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let worst = 0;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      if (!Object.is(x, y)) return Infinity;
      continue;
    }
    worst = Math.max(worst, Math.abs(x - y));
    largest = Math.max(largest, Math.abs(y));
  }
  return worst === 0 ? 0 : worst / largest;
}

/** How many elements differ, two NaNs being equal and 0 unlike -0; Infinity when lengths differ. */
export function countDifferences(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let count = 0;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) count++;
  return count;
}
