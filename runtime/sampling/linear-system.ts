/** Solves a small dense system by Gaussian elimination with row pivoting. `rows` are square; none is changed. */
export function solve(rows: readonly (readonly number[])[], right: readonly number[]): number[] {
  const size = right.length;
  const system = rows.map((row, i) => [...row, right[i] as number]);
  const at = (row: number, column: number): number => system[row]?.[column] as number;
  for (let pivot = 0; pivot < size; pivot++) {
    let best = pivot;
    for (let row = pivot + 1; row < size; row++) {
      if (Math.abs(at(row, pivot)) > Math.abs(at(best, pivot))) best = row;
    }
    [system[pivot], system[best]] = [system[best] as number[], system[pivot] as number[]];
    for (let row = pivot + 1; row < size; row++) {
      const factor = at(row, pivot) / at(pivot, pivot);
      system[row] = (system[row] as number[]).map((value, k) => value - factor * at(pivot, k));
    }
  }
  const solution = new Array<number>(size).fill(0);
  for (let row = size - 1; row >= 0; row--) {
    let rest = at(row, size);
    for (let column = row + 1; column < size; column++)
      rest -= at(row, column) * (solution[column] as number);
    solution[row] = rest / at(row, row);
  }
  return solution;
}
