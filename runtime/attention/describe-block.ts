/** Says in frames what a block of a mask stands for; the editor and `umbel mask` show it. */
import { UmbelError } from "#runtime/errors";
import type { BlockMask } from "./block-mask.ts";
import { blockCount, rowColumns } from "./csr.ts";

export interface BlockTokens {
  readonly firstToken: number;
  /** Inclusive. */
  readonly lastToken: number;
  /** Latent frames of the video tokens among them, inclusive; null when there are only text tokens. */
  readonly frames: readonly [first: number, last: number] | null;
  readonly text: boolean;
}

export interface BlockDescription {
  readonly queries: BlockTokens;
  readonly keys: BlockTokens;
  readonly attended: boolean;
}

export interface VideoExtent {
  readonly tokensPerFrame: number;
  readonly frames: number;
}

/** Throws ERR_INVALID_ARGUMENT when there is no such block. */
export function describeBlock(
  mask: BlockMask,
  video: VideoExtent,
  row: number,
  column: number,
): BlockDescription {
  const blocks = blockCount(mask);
  for (const index of [row, column]) {
    if (Number.isInteger(index) && index >= 0 && index < blocks) continue;
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected a block of 0..${blocks - 1}, got ${index}.`,
    );
  }
  return {
    queries: describeTokens(mask, video, row),
    keys: describeTokens(mask, video, column),
    attended: rowColumns(mask, row).includes(column),
  };
}

function describeTokens(mask: BlockMask, video: VideoExtent, block: number): BlockTokens {
  const firstToken = block * mask.blockSize;
  const lastToken = Math.min(mask.tokens, firstToken + mask.blockSize) - 1;
  const videoTokens = video.tokensPerFrame * video.frames;
  const frameOf = (token: number): number => Math.floor(token / video.tokensPerFrame);
  return {
    firstToken,
    lastToken,
    frames:
      firstToken < videoTokens
        ? [frameOf(firstToken), frameOf(Math.min(lastToken, videoTokens - 1))]
        : null,
    text: lastToken >= videoTokens,
  };
}
