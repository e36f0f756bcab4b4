/** Mean, variance and mean square of a row, in float64. */
export function rowStatistics(row: ArrayLike<number>): {
  mean: number;
  variance: number;
  meanSquare: number;
} {
  const values = Array.from(row);
  const sum = (f: (x: number) => number): number => values.reduce((total, x) => total + f(x), 0);
  const mean = sum((x) => x) / values.length;
  return {
    mean,
    variance: sum((x) => (x - mean) ** 2) / values.length,
    meanSquare: sum((x) => x * x) / values.length,
  };
}

/** Maps each row of `width` values with `f(x, column, statistics, row)`. */
export function mapRows(
  x: Float32Array,
  width: number,
  f: (
    x: number,
    column: number,
    statistics: ReturnType<typeof rowStatistics>,
    row: number,
  ) => number,
): Float64Array {
  const out = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += width) {
    const row = x.subarray(start, start + width);
    const statistics = rowStatistics(row);
    for (const [i, value] of row.entries()) out[start + i] = f(value, i, statistics, start / width);
  }
  return out;
}

/** Rows x widths on both sides of a vector, of a pair of vectors and of a block of 512. */
export const NORM_SIZES: readonly (readonly [rows: number, width: number])[] = [
  [0, 8],
  [1, 1],
  [3, 2],
  [2, 7],
  [5, 8],
  [4, 15],
  [3, 24],
  [2, 33],
  [3, 96],
  [2, 511],
  [2, 513],
  [3, 1536],
  [700, 65],
];
