/** PSNR and SSIM of two clips, a frame of each in memory at a time. */
import { UmbelError } from "#runtime/errors";
import { openClip } from "./clip-stream.ts";
import { meanSquares, toDecibels } from "./psnr.ts";
import { ssimPerFrame } from "./ssim.ts";

export interface ClipComparison {
  readonly frames: number;
  /** Decibels, from the mean of all squared differences; Infinity for equal clips. */
  readonly psnr: number;
  readonly ssim: number;
  readonly psnrByFrame: readonly number[];
  readonly ssimByFrame: readonly number[];
}

/** Throws ERR_SHAPE for different sizes or lengths, ERR_MEDIA, ERR_INTERRUPTED. */
export async function compareClips(
  a: string,
  b: string,
  signal?: AbortSignal,
): Promise<ClipComparison> {
  using first = await openClip(a);
  using second = await openClip(b);
  if (first.width !== second.width || first.height !== second.height) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected two clips of one size, got ${first.width}x${first.height} and ${second.width}x${second.height}.`,
    );
  }
  const squares: number[] = [];
  const ssimByFrame: number[] = [];
  const others = second.frames(signal);
  let count = 0;
  try {
    for await (const frame of first.frames(signal)) {
      count++;
      const other = await others.next();
      if (other.done === true) continue;
      squares.push(...meanSquares(frame, other.value));
      ssimByFrame.push(...ssimPerFrame(frame, other.value));
    }
    let otherCount = squares.length;
    while ((await others.next()).done !== true) otherCount++;
    if (count !== otherCount || count === 0) {
      throw new UmbelError(
        "ERR_SHAPE",
        `Expected two clips of one length, got ${count} and ${otherCount} frames.`,
      );
    }
  } finally {
    await others.return(undefined);
  }
  return {
    frames: squares.length,
    psnr: toDecibels(mean(squares)),
    ssim: mean(ssimByFrame),
    psnrByFrame: squares.map(toDecibels),
    ssimByFrame,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
