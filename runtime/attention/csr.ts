/** Block masks as compressed rows: made, asked and measured. */
import { UmbelError } from "#runtime/errors";
import type { BlockMask } from "./block-mask.ts";

/** Blocks a side. */
export function blockCount(mask: Pick<BlockMask, "blockSize" | "tokens">): number {
  return Math.ceil(mask.tokens / mask.blockSize);
}

/** Builds a mask for all heads row by row: `markRow` sets kept[column] = 1. */
export function maskFromRows(
  size: Pick<BlockMask, "blockSize" | "tokens">,
  markRow: (row: number, kept: Uint8Array) => void,
): BlockMask {
  const blocks = blockCount(size);
  const rowPtr = new Int32Array(blocks + 1);
  const kept = new Uint8Array(blocks);
  let col = new Int32Array(Math.max(1024, blocks * 8));
  let length = 0;
  for (let row = 0; row < blocks; row++) {
    kept.fill(0);
    markRow(row, kept);
    if (length + blocks > col.length) {
      const larger = new Int32Array(2 * col.length + blocks);
      larger.set(col);
      col = larger;
    }
    for (let column = 0; column < blocks; column++) {
      if (kept[column] === 1) col[length++] = column;
    }
    rowPtr[row + 1] = length;
  }
  return { ...size, groups: 1, rowPtr, col: col.slice(0, length) };
}

/** One mask a head from masks of one size. Lists of unequal length are padded at the end with -1. */
export function maskPerHead(heads: readonly BlockMask[]): BlockMask {
  const [first] = heads;
  const same = heads.every(
    (mask) =>
      mask.groups === 1 && mask.tokens === first?.tokens && mask.blockSize === first.blockSize,
  );
  if (first === undefined || !same) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      "Expected one mask of one size a head, got none or different sizes.",
    );
  }
  const longest = Math.max(...heads.map((mask) => mask.col.length));
  const rows = blockCount(first) + 1;
  const rowPtr = new Int32Array(heads.length * rows);
  const col = new Int32Array(heads.length * longest).fill(-1);
  heads.forEach((mask, head) => {
    rowPtr.set(mask.rowPtr, head * rows);
    col.set(mask.col, head * longest);
  });
  return { blockSize: first.blockSize, tokens: first.tokens, groups: heads.length, rowPtr, col };
}

/** Key blocks of a row of query blocks, ascending. */
export function rowColumns(mask: BlockMask, row: number, group = 0): Int32Array {
  const blocks = blockCount(mask);
  const pointers = group * (blocks + 1);
  const columns = group * (mask.col.length / mask.groups);
  const start = mask.rowPtr[pointers + row] as number;
  const end = mask.rowPtr[pointers + row + 1] as number;
  return mask.col.subarray(columns + start, columns + end);
}

/** Kept blocks over all blocks. */
export function density(mask: BlockMask): number {
  const blocks = blockCount(mask);
  let kept = 0;
  for (let group = 0; group < mask.groups; group++) {
    kept += mask.rowPtr[group * (blocks + 1) + blocks] as number;
  }
  return kept / (mask.groups * blocks * blocks);
}

/** Token pairs that are computed over all token pairs: the share of a dense attention's work. */
export function attendedShare(mask: BlockMask): number {
  const blocks = blockCount(mask);
  const ragged = mask.tokens - (blocks - 1) * mask.blockSize;
  let pairs = 0;
  for (let group = 0; group < mask.groups; group++) {
    for (let row = 0; row < blocks; row++) {
      const columns = rowColumns(mask, row, group);
      const endsInLast = columns[columns.length - 1] === blocks - 1;
      const keys = columns.length * mask.blockSize - (endsInLast ? mask.blockSize - ragged : 0);
      pairs += keys * (row === blocks - 1 ? ragged : mask.blockSize);
    }
  }
  return pairs / (mask.groups * mask.tokens ** 2);
}
