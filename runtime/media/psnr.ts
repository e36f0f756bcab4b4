/** Peak signal-to-noise ratio of pictures in 0..1. */
import type { Frames } from "#runtime/sdk/values";
import { checkSameSize } from "./same-size.ts";

/** Decibels a frame, over all its channels; Infinity for equal frames. Throws ERR_SHAPE. */
export function psnrPerFrame(reference: Frames, images: Frames): number[] {
  checkSameSize(reference, images);
  return meanSquares(reference, images).map(toDecibels);
}

/** Decibels of the whole clip, from the mean of all squared differences. */
export function psnr(reference: Frames, images: Frames): number {
  checkSameSize(reference, images);
  const squares = meanSquares(reference, images);
  return toDecibels(squares.reduce((sum, value) => sum + value, 0) / squares.length);
}

/** Mean squared difference of each frame. */
export function meanSquares(a: Frames, b: Frames): number[] {
  const pixels = a.width * a.height;
  return Array.from({ length: a.count }, (_, frame) => {
    let sum = 0;
    for (let i = frame * pixels; i < (frame + 1) * pixels; i++) {
      for (let c = 0; c < 3; c++) {
        sum +=
          ((a.data[i * a.channels + c] as number) - (b.data[i * b.channels + c] as number)) ** 2;
      }
    }
    return sum / (pixels * 3);
  });
}

export function toDecibels(meanSquare: number): number {
  return meanSquare === 0 ? Number.POSITIVE_INFINITY : -10 * Math.log10(meanSquare);
}
