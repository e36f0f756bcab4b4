/** How far two frames lie apart, four times enlarged, from dark over teal and green to white. */

type Rgb = readonly [number, number, number];

const SCALE: readonly Rgb[] = [
  [13, 17, 18],
  [34, 72, 84],
  [58, 146, 140],
  [198, 222, 104],
  [255, 246, 214],
];
export const GAIN = 4;

/** Both RGBA of one size; the mean over the channels, times four, coloured into `out`. */
export function differencePicture(
  a: Uint8ClampedArray,
  b: Uint8ClampedArray,
  out: Uint8ClampedArray,
): void {
  for (let i = 0; i < a.length; i += 4) {
    let sum = 0;
    for (let c = 0; c < 3; c++) sum += Math.abs((a[i + c] ?? 0) - (b[i + c] ?? 0));
    const at = Math.min(0.9999, (sum / 3 / 255) * GAIN) * (SCALE.length - 1);
    const step = Math.floor(at);
    const [low, high] = [SCALE[step] as Rgb, SCALE[step + 1] as Rgb];
    for (let c = 0; c < 3; c++) {
      out[i + c] = (low[c] ?? 0) + ((high[c] ?? 0) - (low[c] ?? 0)) * (at - step);
    }
    out[i + 3] = 255;
  }
}
