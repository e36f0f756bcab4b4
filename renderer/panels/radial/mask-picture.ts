/** The mask as a picture, one pixel a block. */
import type { MaskReport } from "#runtime/protocol/service-values";
import { bitLength, frameOfBlock } from "./mask-frames.ts";
import {
  distanceColor,
  MASK_GROUND,
  mix,
  rampColor,
  type Rgb,
  type Theme,
} from "./distance-ramp.ts";

/** The share of its own colour that the column of the first frame keeps: it is the same for all and should not shout. */
const SINK_STRENGTH = 0.72;

export interface MaskPicture {
  readonly side: number;
  /** RGBA. */
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

export function maskPicture(mask: MaskReport, block: number, theme: Theme): MaskPicture {
  const side = mask.blocks;
  const data = new Uint8ClampedArray(side * side * 4);
  const frames = Int32Array.from({ length: side }, (_, i) => frameOfBlock(mask, block, i));
  const colors = Array.from({ length: mask.latentFrames }, (_, d) => distanceColor(d, theme));
  const sink = Array.from({ length: mask.latentFrames }, (_, d) => {
    const color = rampColor(0.02 + (0.18 * bitLength(d)) / 5, theme);
    return mix(MASK_GROUND[theme], color, SINK_STRENGTH);
  });
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const i = frames[row] as number;
      const j = frames[column] as number;
      const kept = mask.kept[row * side + column] === 1;
      const near = j === 0 && i > 0 ? sink : colors;
      const color = kept ? (near[Math.abs(i - j)] as Rgb) : MASK_GROUND[theme];
      data.set(color, (row * side + column) * 4);
      data[(row * side + column) * 4 + 3] = 255;
    }
  }
  return { side, data };
}
