/** A block-sparse attention pattern as compressed rows: the columns of row r are col[rowPtr[r] .. rowPtr[r + 1]). */
export interface BlockMask {
  /** Tokens of a block, queries and keys alike; the last block may be ragged. */
  readonly blockSize: 64 | 128;
  /** Tokens that the mask covers; blocks = ceil(tokens / blockSize). */
  readonly tokens: number;
  /** 1: one list for all heads; else one a head. */
  readonly groups: number;
  /** [groups, blocks + 1] */
  readonly rowPtr: Int32Array;
  /** [groups, nnz], ascending in a row; groups have equal nnz or are padded at the end with -1. */
  readonly col: Int32Array;
}
