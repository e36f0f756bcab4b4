/** |a - b| / |b| over all elements (Euclidean), |a| where b is zero; infinite for another number of elements. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i++) {
    const expected = b[i] ?? NaN;
    difference += ((a[i] ?? NaN) - expected) ** 2;
    norm += expected ** 2;
  }
  return Math.sqrt(difference) / (norm === 0 ? 1 : Math.sqrt(norm));
}

/** Largest difference of two elements; infinite for another number of elements. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < b.length; i++) {
    const difference = Math.abs((a[i] ?? NaN) - (b[i] ?? NaN));
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

/** How many elements differ, those that only one has included. */
export function differing<T>(a: ArrayLike<T>, b: ArrayLike<T>): number {
  let count = Math.abs(a.length - b.length);
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) count++;
  return count;
}

/** Peak signal-to-noise ratio in dB of values whose range is 1. */
export function psnr(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return -Infinity;
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += ((a[i] ?? NaN) - (b[i] ?? NaN)) ** 2;
  return -10 * Math.log10(sum / b.length);
}
