/**
 * Structural similarity (Wang et al. 2004): Gaussian window of 11x11, sigma 1.5, K1 0.01, K2 0.03, on BT.709 luma,
 * averaged over the places where the window lies inside the picture.
 */
import { UmbelError } from "#runtime/errors";
import type { Frames } from "#runtime/sdk/values";
import { checkSameSize } from "./same-size.ts";

const RADIUS = 5;
const SIGMA = 1.5;
const C1 = 0.01 ** 2;
const C2 = 0.03 ** 2;

const WINDOW = (() => {
  const weights = Array.from({ length: 2 * RADIUS + 1 }, (_, i) =>
    Math.exp(-((i - RADIUS) ** 2) / (2 * SIGMA ** 2)),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
})();

/** Similarity of each frame, 1 for equal ones. Throws ERR_SHAPE for different sizes or pictures below 11x11. */
export function ssimPerFrame(reference: Frames, images: Frames): number[] {
  checkSameSize(reference, images);
  if (Math.min(reference.width, reference.height) < WINDOW.length) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected frames of at least ${WINDOW.length} pixels a side to compare, got ${reference.width}x${reference.height}.`,
    );
  }
  return Array.from({ length: reference.count }, (_, frame) =>
    similarity(luma(reference, frame), luma(images, frame), reference.width, reference.height),
  );
}

function luma(frames: Frames, frame: number): Float64Array {
  const pixels = frames.width * frames.height;
  const out = new Float64Array(pixels);
  let at = frame * pixels * frames.channels;
  for (let i = 0; i < pixels; i++, at += frames.channels) {
    out[i] =
      0.2126 * (frames.data[at] as number) +
      0.7152 * (frames.data[at + 1] as number) +
      0.0722 * (frames.data[at + 2] as number);
  }
  return out;
}

function similarity(a: Float64Array, b: Float64Array, width: number, height: number): number {
  const product = (x: Float64Array, y: Float64Array): Float64Array =>
    x.map((value, i) => value * (y[i] as number));
  const filtered = [a, b, product(a, a), product(b, b), product(a, b)].map((plane) =>
    blur(plane, width, height),
  );
  const [meanA, meanB, squareA, squareB, cross] = filtered as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  let sum = 0;
  for (let i = 0; i < meanA.length; i++) {
    const ma = meanA[i] as number;
    const mb = meanB[i] as number;
    const variances = (squareA[i] as number) - ma * ma + (squareB[i] as number) - mb * mb;
    const covariance = (cross[i] as number) - ma * mb;
    sum +=
      ((2 * ma * mb + C1) * (2 * covariance + C2)) / ((ma * ma + mb * mb + C1) * (variances + C2));
  }
  return sum / meanA.length;
}

/** Separable window, only where it fits: [height - 10, width - 10]. */
function blur(plane: Float64Array, width: number, height: number): Float64Array {
  const innerWidth = width - 2 * RADIUS;
  const innerHeight = height - 2 * RADIUS;
  const rows = new Float64Array(innerWidth * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < innerWidth; x++) {
      let sum = 0;
      for (let k = 0; k < WINDOW.length; k++)
        sum += (WINDOW[k] as number) * (plane[y * width + x + k] as number);
      rows[y * innerWidth + x] = sum;
    }
  }
  const out = new Float64Array(innerWidth * innerHeight);
  for (let y = 0; y < innerHeight; y++) {
    for (let x = 0; x < innerWidth; x++) {
      let sum = 0;
      for (let k = 0; k < WINDOW.length; k++)
        sum += (WINDOW[k] as number) * (rows[(y + k) * innerWidth + x] as number);
      out[y * innerWidth + x] = sum;
    }
  }
  return out;
}
