/** All orders of the axes 0 to n - 1. */
export function allPermutations(n: number): number[][] {
  if (n === 0) return [[]];
  return allPermutations(n - 1).flatMap((order) =>
    Array.from({ length: n }, (_, at) => [...order.slice(0, at), n - 1, ...order.slice(at)]),
  );
}

/** Row-major values of `shape` with its axes in another order, row-major again. */
export function permuted(
  values: ArrayLike<number>,
  shape: readonly number[],
  axes: readonly number[],
): Float32Array {
  const steps = shape.map((_, i) => shape.slice(i + 1).reduce((product, n) => product * n, 1));
  let offsets = [0];
  for (const axis of axes) {
    const [n, step] = [shape[axis] ?? 0, steps[axis] ?? 0];
    offsets = offsets.flatMap((offset) => Array.from({ length: n }, (_, i) => offset + i * step));
  }
  return Float32Array.from(offsets, (offset) => values[offset] ?? NaN);
}
