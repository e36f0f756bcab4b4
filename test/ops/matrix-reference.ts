import type { Activation } from "#runtime/tensor/ops";

export interface ProductSize {
  readonly rows: number;
  readonly width: number;
  readonly depth: number;
}

/** Element j of x W^T in float64, with the sum of the magnitudes of its terms: x [rows, depth], w [width, depth]. */
export function product(x: Float32Array, w: Float32Array, { width, depth }: ProductSize) {
  return (j: number): { sum: number; magnitude: number } => {
    const [row, col] = [Math.floor(j / width) * depth, (j % width) * depth];
    let sum = 0;
    let magnitude = 0;
    for (let k = 0; k < depth; k++) {
      const term = (x[row + k] ?? NaN) * (w[col + k] ?? NaN);
      sum += term;
      magnitude += Math.abs(term);
    }
    return { sum, magnitude };
  };
}

/** erf in float64: its series near 0, its continued fraction beyond. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = a;
    let sum = a;
    for (let n = 1; Math.abs(term) > 1e-17 * sum; n++) {
      term *= (-a * a) / n;
      sum += term / (2 * n + 1);
    }
    return Math.sign(x) * sum * (2 / Math.sqrt(Math.PI));
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
}

export function activated(x: number, activation: Activation): number {
  switch (activation) {
    case "none":
      return x;
    case "silu":
      return x / (1 + Math.exp(-x));
    case "gelu":
      return (x / 2) * (1 + erf(x * Math.SQRT1_2));
    case "gelu_tanh":
      return (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  }
}
