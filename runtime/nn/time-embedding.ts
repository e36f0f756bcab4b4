/**
 * Sinusoidal embedding of one timestep: `width / 2` cosines, then as many sines, of timestep / 10000^(i / (width / 2)).
 * Computed in double precision, since a timestep near 1000 keeps only a few digits of its angle in single precision.
 * Source: Attention Is All You Need; order of the halves as in the Wan2.1 repository.
 */
export function timeEmbedding(timestep: number, width: number, maxPeriod = 10_000): Float32Array {
  const half = width / 2;
  const result = new Float32Array(width);
  for (let i = 0; i < half; i++) {
    const angle = timestep * Math.pow(maxPeriod, -i / half);
    result[i] = Math.cos(angle);
    result[half + i] = Math.sin(angle);
  }
  return result;
}
