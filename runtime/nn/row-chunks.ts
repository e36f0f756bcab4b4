/** Rows that are worked on together: enough that no multiprocessor waits, few enough that what is made of them is small. */
const MOST_ROWS = 40_960;
/** Kernels take rows in tiles of at most that many. */
const TILE_ROWS = 128;

/** Ranges that cover the rows of a large state, of nearly equal length. */
export function rowChunks(rows: number): readonly (readonly [from: number, to: number])[] {
  const count = Math.max(1, Math.ceil(rows / MOST_ROWS));
  const length = Math.max(1, Math.ceil(rows / count / TILE_ROWS) * TILE_ROWS);
  const chunks: [number, number][] = [];
  for (let from = 0; from < rows; from += length)
    chunks.push([from, Math.min(rows, from + length)]);
  return chunks;
}
