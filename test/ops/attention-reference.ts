export interface AttentionSize {
  readonly batch: number;
  readonly queries: number;
  readonly keys: number;
  readonly heads: number;
  readonly width: number;
}

/** Attention in float64, one row after another. `bias(head, query, key)` is -Infinity where a pair is masked. */
export function attentionReference(
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  { batch, queries, keys, heads, width }: AttentionSize,
  bias: (head: number, query: number, key: number) => number = () => 0,
): { out: Float64Array; lse: Float64Array } {
  const out = new Float64Array(batch * queries * heads * width);
  const lse = new Float64Array(batch * heads * queries).fill(-Infinity);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      for (let i = 0; i < queries; i++) {
        const at = ((b * queries + i) * heads + h) * width;
        const logits = new Float64Array(keys);
        for (let j = 0; j < keys; j++) {
          const key = ((b * keys + j) * heads + h) * width;
          let dot = 0;
          for (let d = 0; d < width; d++) dot += (q[at + d] ?? NaN) * (k[key + d] ?? NaN);
          logits[j] = dot / Math.sqrt(width) + bias(h, i, j);
        }
        const top = logits.reduce((a, x) => Math.max(a, x), -Infinity);
        if (top === -Infinity) continue;
        const sum = logits.reduce((a, x) => a + Math.exp(x - top), 0);
        lse[(b * heads + h) * queries + i] = top + Math.log(sum);
        for (let j = 0; j < keys; j++) {
          const weight = Math.exp((logits[j] ?? NaN) - top) / sum;
          if (weight === 0) continue;
          const key = ((b * keys + j) * heads + h) * width;
          for (let d = 0; d < width; d++) {
            out[at + d] = (out[at + d] ?? NaN) + weight * (v[key + d] ?? NaN);
          }
        }
      }
    }
  }
  return { out, lse };
}

/** Largest |a - b| / (1 + |b|); two equal infinities differ by 0, anything else that is not finite by Infinity. */
export function worstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? NaN, b[i] ?? NaN];
    if (x === y) continue;
    const difference = Math.abs(x - y) / (1 + Math.abs(y));
    worst = Math.max(worst, Number.isFinite(difference) ? difference : Infinity);
  }
  return worst;
}
