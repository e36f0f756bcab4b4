import { UmbelError } from "#runtime/errors";
import type { BlockMask } from "./block-mask.ts";
import { maskFromRows, rowColumns } from "./csr.ts";

const kept = new WeakMap<BlockMask, Map<number, BlockMask>>();

/**
 * A mask of video tokens with text behind them in the same attention: text, and the block in which the video ends, see
 * and are seen by everything. Kept for as long as the video's mask is.
 */
export function withText(video: BlockMask, textTokens: number): BlockMask {
  if (video.groups !== 1) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected one mask for all heads to append text to, got ${video.groups}.`,
    );
  }
  const known = kept.get(video) ?? new Map<number, BlockMask>();
  kept.set(video, known);
  const made = known.get(textTokens) ?? append(video, textTokens);
  known.set(textTokens, made);
  return made;
}

function append(video: BlockMask, textTokens: number): BlockMask {
  const { blockSize, tokens } = video;
  const border = Math.floor(tokens / blockSize);
  return maskFromRows({ blockSize, tokens: tokens + textTokens }, (row, columns) => {
    if (row >= border) {
      columns.fill(1);
      return;
    }
    columns.fill(1, border);
    for (const column of rowColumns(video, row)) columns[column] = 1;
  });
}
