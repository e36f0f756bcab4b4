/**
 * Rotary angles of a grid of tokens: [tokens, pairs, 2] of (cosine, sine), tokens in row-major order of `sizes`. Every
 * axis owns a run of consecutive pairs; `widths` gives the numbers (two a pair) that each axis owns, and axis a turns its
 * pair i by position / theta^(2i / widths[a]). Source: RoFormer; several axes as in the Wan2.1 repository.
 */
export function ropeTable(
  sizes: readonly number[],
  widths: readonly number[],
  theta = 10_000,
): Float32Array {
  const axes = sizes.map((size, axis) => axisAngles(size, widths[axis] ?? 0, theta));
  const tokens = sizes.reduce((product, size) => product * size, 1);
  const width = widths.reduce((sum, part) => sum + part, 0);
  const table = new Float32Array(tokens * width);
  const position = sizes.map(() => 0);
  for (let token = 0, at = 0; token < tokens; token++) {
    for (const [axis, angles] of axes.entries()) {
      const part = widths[axis] ?? 0;
      const from = (position[axis] ?? 0) * part;
      table.set(angles.subarray(from, from + part), at);
      at += part;
    }
    advance(position, sizes);
  }
  return table;
}

/** [positions, width / 2, 2] */
function axisAngles(positions: number, width: number, theta: number): Float32Array {
  const angles = new Float32Array(positions * width);
  for (let position = 0; position < positions; position++) {
    for (let i = 0; i < width; i += 2) {
      const angle = position / Math.pow(theta, i / width);
      angles[position * width + i] = Math.cos(angle);
      angles[position * width + i + 1] = Math.sin(angle);
    }
  }
  return angles;
}

function advance(position: number[], sizes: readonly number[]): void {
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    const next = (position[axis] ?? 0) + 1;
    if (next < (sizes[axis] ?? 1)) {
      position[axis] = next;
      return;
    }
    position[axis] = 0;
  }
}
