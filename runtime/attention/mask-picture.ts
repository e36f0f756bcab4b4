/** A block mask as a picture: a square a block, brighter where more of its tokens' frames lie close in time. */
import type { Frames } from "#runtime/sdk/values";
import type { BlockMask } from "./block-mask.ts";
import { blockCount, rowColumns } from "./csr.ts";

const EMPTY = [0.07, 0.08, 0.1] as const;
const KEPT = [0.98, 0.72, 0.28] as const;
const FAR = [0.36, 0.42, 0.86] as const;
const FRAME_LINE = 0.12;
const MIN_SIDE = 640;

export interface PictureExtent {
  readonly tokensPerFrame: number;
  readonly frames: number;
}

/** Queries run down, keys to the right; thin lines stand where frames begin. One pixel a block at least. */
export function maskPicture(mask: BlockMask, video: PictureExtent): Frames {
  const blocks = blockCount(mask);
  const scale = Math.max(1, Math.ceil(MIN_SIDE / blocks));
  const side = blocks * scale;
  const data = new Float32Array(side * side * 3);
  const starts = frameStarts(mask, video, blocks);
  for (let row = 0; row < blocks; row++) {
    const kept = new Set(rowColumns(mask, row));
    for (let column = 0; column < blocks; column++) {
      const colour = kept.has(column) ? near(Math.abs(row - column) / blocks) : EMPTY;
      const line = starts.has(row) || starts.has(column);
      for (let y = 0; y < scale; y++) {
        for (let x = 0; x < scale; x++) {
          const onLine =
            scale > 2 && line && ((y === 0 && starts.has(row)) || (x === 0 && starts.has(column)));
          const at = ((row * scale + y) * side + column * scale + x) * 3;
          for (let c = 0; c < 3; c++) {
            const value = colour[c] as number;
            data[at + c] = onLine ? Math.min(1, value + FRAME_LINE) : value;
          }
        }
      }
    }
  }
  return { data, count: 1, height: side, width: side, channels: 3 };
}

function near(distance: number): readonly number[] {
  const t = Math.sqrt(distance);
  return KEPT.map((value, c) => value + t * ((FAR[c] as number) - value));
}

/** Blocks in which a frame begins; none when frames are shorter than two blocks. */
function frameStarts(mask: BlockMask, video: PictureExtent, blocks: number): Set<number> {
  const starts = new Set<number>();
  if (video.tokensPerFrame < 2 * mask.blockSize) return starts;
  for (let frame = 1; frame <= video.frames; frame++) {
    const block = Math.round((frame * video.tokensPerFrame) / mask.blockSize);
    if (block < blocks) starts.add(block);
  }
  return starts;
}
