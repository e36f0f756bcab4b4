export interface ConvSize {
  /** Of x: frames, height, width, channels. */
  readonly x: readonly [number, number, number, number];
  readonly out: number;
  readonly kernel: readonly [number, number, number];
  readonly stride?: readonly [number, number, number];
  readonly padding?: readonly [number, number, number, number, number, number];
  /** Frames in front of x. */
  readonly before?: number;
}

/** Sizes of the output: frames, height, width, channels. */
export function convShape(size: ConvSize): [number, number, number, number] {
  const { x, out, kernel, stride = [1, 1, 1], padding = [0, 0, 0, 0, 0, 0], before = 0 } = size;
  const axis = (i: 0 | 1 | 2): number => {
    const length =
      x[i] + (i === 0 ? before : 0) + (padding[2 * i] ?? 0) + (padding[2 * i + 1] ?? 0);
    return Math.floor((length - kernel[i]) / stride[i]) + 1;
  };
  return [axis(0), axis(1), axis(2), out];
}

/** Convolution in float64 without bias. `frames` holds the frames in front of x, then x. */
export function convReference(
  frames: Float32Array,
  weight: Float32Array,
  size: ConvSize,
): Float64Array {
  const { x, kernel, stride = [1, 1, 1], padding = [0, 0, 0, 0, 0, 0], before = 0 } = size;
  const [T, H, W, C] = [x[0] + before, x[1], x[2], x[3]];
  const [outT, outH, outW, outC] = convShape(size);
  const result = new Float64Array(outT * outH * outW * outC);
  for (let i = 0; i < result.length; i++) {
    const pixel = Math.floor(i / outC);
    const [w0, line] = [(pixel % outW) * stride[2] - padding[4], Math.floor(pixel / outW)];
    const [h0, t0] = [
      (line % outH) * stride[1] - padding[2],
      Math.floor(line / outH) * stride[0] - padding[0],
    ];
    let sum = 0;
    for (let tap = 0; tap < kernel[0] * kernel[1] * kernel[2]; tap++) {
      const w = w0 + (tap % kernel[2]);
      const h = h0 + (Math.floor(tap / kernel[2]) % kernel[1]);
      const t = t0 + Math.floor(tap / kernel[2] / kernel[1]);
      if (t < 0 || t >= T || h < 0 || h >= H || w < 0 || w >= W) continue;
      const source = ((t * H + h) * W + w) * C;
      const factor = ((i % outC) * kernel[0] * kernel[1] * kernel[2] + tap) * C;
      for (let c = 0; c < C; c++) sum += (frames[source + c] ?? NaN) * (weight[factor + c] ?? NaN);
    }
    result[i] = sum;
  }
  return result;
}
