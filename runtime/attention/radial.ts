/**
 * Radial attention (arXiv 2506.19852, repository mit-han-lab/radial-attention): which blocks of queries and keys of a
 * video see each other. Pure arithmetic, equal block for block to the published generator.
 *
 * Tokens are ordered frame by frame, text last. For frames i (query) and j (key) at distance d, with
 * reach = 2^bits(tokens per frame) / 2^bits(d):
 * - d <= 1, and for kind "wan" also j = 0 (the sink): every token pair;
 * - else tokens at most max(block size, reach * decay factor) apart;
 * - where reach < 128, only every (128 / reach)-th diagonal of frames is kept at all.
 * A block is kept when of the columns that its token mask touches more than 60 % are over a third full; each frame
 * pair is judged by itself, in a box of ceil(tokens per frame / block size) blocks from the block in which the frame
 * begins (tokens of a frame that reach beyond its box do not count). Text, and the ragged block at the end of the
 * video, see and are seen by everything.
 *
 * The published code needs frames whose tokens fill whole blocks. Here any number works: the rule is applied to the
 * length rounded up to whole blocks, and the attention op leaves out what lies behind the last token. Where the rule
 * would leave queries without any key (published: not a number), they are given one: a block that holds mostly the
 * dropped end of a frame is judged with that frame's box one block longer, and failing that sees itself. Frames of
 * less than a third of a block never fill one, so such clips, always small, stay dense.
 */
import { UmbelError } from "#runtime/errors";
import type { BlockMask } from "./block-mask.ts";
import { maskFromRows } from "./csr.ts";

export interface RadialGeometry {
  readonly tokensPerFrame: number;
  readonly frames: number;
  /** Text tokens behind the video in the same attention; 0 where text is attended to separately. */
  readonly textTokens: number;
  /** Narrows the windows; 0..1, smaller is sparser. */
  readonly decayFactor: number;
  readonly blockSize: 64 | 128;
  /** "wan" keeps the first frame visible to all. */
  readonly kind: "wan" | "hunyuan";
}

/** The published split threshold; it does not follow the block size. */
const SPLIT_REACH = 128;

/** Throws ERR_INVALID_ARGUMENT. */
export function radialMask(geometry: RadialGeometry): BlockMask {
  checkGeometry(geometry);
  const { tokensPerFrame, frames, textTokens, blockSize } = geometry;
  const videoTokens = tokensPerFrame * frames;
  const tokens = videoTokens + textTokens;
  const border = Math.floor(videoTokens / blockSize);
  const windows = windowsByDistance(geometry);
  const box = Math.ceil(tokensPerFrame / blockSize);
  const dense = tokensPerFrame < leastFill(blockSize);
  return maskFromRows({ blockSize, tokens }, (row, kept) => {
    if (dense || row >= border) {
      kept.fill(1);
      return;
    }
    kept.fill(1, border);
    markRow(geometry, windows, { row, box }, kept);
    if (!kept.includes(1)) markRow(geometry, windows, { row, box: box + 1 }, kept);
    if (!kept.includes(1)) kept[row] = 1;
  });
}

/** Tokens of a block's 64 or 128 that make a column more than a third full. */
function leastFill(blockSize: number): number {
  return Math.floor(blockSize / 3) + 1;
}

/** Marks the key blocks that some frame of this row of query blocks sees; `at.box` is the height of a frame's box. */
function markRow(
  geometry: RadialGeometry,
  windows: Int32Array,
  at: { readonly row: number; readonly box: number },
  kept: Uint8Array,
): void {
  const { tokensPerFrame, frames, blockSize, kind } = geometry;
  const { row } = at;
  const box = Math.ceil(tokensPerFrame / blockSize);
  const beginsIn = (frame: number): number => Math.floor((frame * tokensPerFrame) / blockSize);
  const firstQuery = Math.max(0, Math.floor(((row - at.box + 1) * blockSize) / tokensPerFrame));
  for (let i = firstQuery; i < frames && beginsIn(i) <= row; i++) {
    if (row >= beginsIn(i) + at.box) continue;
    const rows = tokensInBlock(geometry, i, row);
    for (let j = 0; j < frames; j++) {
      const window =
        j === 0 && kind === "wan" ? tokensPerFrame : (windows[Math.abs(i - j)] as number);
      if (window < 0) continue;
      const start = beginsIn(j);
      for (let column = start; column < start + box; column++) {
        if (kept[column] === 1) continue;
        const columns = tokensInBlock(geometry, j, column);
        if (keepsBlock(rows, columns, window, blockSize)) kept[column] = 1;
      }
    }
  }
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Tokens of a frame, counted from its beginning, that lie in a block; may be empty. */
function tokensInBlock(geometry: RadialGeometry, frame: number, block: number): Range {
  const { tokensPerFrame, blockSize } = geometry;
  const offset = block * blockSize - frame * tokensPerFrame;
  return { start: Math.max(0, offset), end: Math.min(tokensPerFrame, offset + blockSize) };
}

/** The pooling rule for a band |row - column| <= window, in closed form. */
function keepsBlock(rows: Range, columns: Range, window: number, blockSize: number): boolean {
  const third = leastFill(blockSize);
  const height = rows.end - rows.start;
  const touched = overlap(columns, rows.start - window, rows.end + window);
  if (touched === 0 || height < third || 2 * window + 1 < third) return false;
  const full = overlap(columns, rows.start - window + third - 1, rows.end + window - third + 1);
  return full * 5 > touched * 3;
}

function overlap(range: Range, start: number, end: number): number {
  return Math.max(0, Math.min(range.end, end) - Math.max(range.start, start));
}

/** Window of a frame pair by distance; -1 where the pair is left out. */
function windowsByDistance(geometry: RadialGeometry): Int32Array {
  const { tokensPerFrame, frames, decayFactor, blockSize } = geometry;
  return Int32Array.from({ length: frames }, (_, distance) => {
    const reach = 2 ** (bitLength(tokensPerFrame) - bitLength(distance));
    if (reach < SPLIT_REACH && distance % Math.floor(SPLIT_REACH / reach) !== 0) return -1;
    if (distance <= 1) return tokensPerFrame;
    return Math.floor(Math.fround(Math.max(blockSize, reach * decayFactor)));
  });
}

function bitLength(value: number): number {
  return 32 - Math.clz32(value);
}

function checkGeometry(geometry: RadialGeometry): void {
  const { tokensPerFrame, frames, textTokens, decayFactor, blockSize } = geometry;
  const whole = (value: number, least: number): boolean =>
    Number.isInteger(value) && value >= least;
  if (!whole(tokensPerFrame, 1) || !whole(frames, 1) || !whole(textTokens, 0)) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected whole numbers of tokens and frames, got ${tokensPerFrame} tokens a frame, ` +
        `${frames} frames, ${textTokens} text tokens.`,
    );
  }
  if (tokensPerFrame * frames + textTokens > 2 ** 30) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      "Expected at most 2^30 tokens. Make the clip smaller.",
    );
  }
  if (blockSize !== 64 && blockSize !== 128) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected block size 64 or 128, got ${String(blockSize)}.`,
    );
  }
  if (!(decayFactor >= 0 && decayFactor <= 1)) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected a decay factor of 0..1, got ${decayFactor}.`,
    );
  }
}
