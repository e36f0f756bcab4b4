import { attention, attentionWithLse, blockSparseAttentionWithLse } from "#runtime/tensor/ops";
import type { Inputs, OpCase } from "./op-case.ts";

interface Dense {
  readonly batch?: number;
  readonly queries: number;
  readonly keys: number;
  readonly heads: number;
  readonly width: number;
  readonly validKeys?: number;
}

const DENSE: readonly Dense[] = [
  { queries: 1, keys: 1, heads: 1, width: 8 },
  { queries: 5, keys: 300, heads: 2, width: 34 },
  { queries: 130, keys: 77, heads: 3, width: 64 },
  { queries: 257, keys: 513, heads: 2, width: 128, validKeys: 400 },
  { queries: 200, keys: 200, heads: 2, width: 80 },
  { batch: 2, queries: 100, keys: 100, heads: 1, width: 384 },
  { batch: 3, queries: 65, keys: 129, heads: 4, width: 64, validKeys: 1 },
];

function qkv(make: Inputs, { batch, queries, keys, heads, width }: Dense) {
  const front = batch === undefined ? [] : [batch];
  return {
    q: make.activations([...front, queries, heads, width], 1, 2),
    k: make.activations([...front, keys, heads, width], 2, 2),
    v: make.activations([...front, keys, heads, width], 3),
  };
}

function dense(size: Dense): OpCase {
  return {
    op: "attention",
    title: JSON.stringify(size),
    bound: { f32: 1e-5, bf16: 1e-2 },
    run: (make) => {
      const { q, k, v } = qkv(make, size);
      const options = size.validKeys === undefined ? {} : { validKeys: size.validKeys };
      const { out, lse } = attentionWithLse(q, k, v, options);
      return [out, lse];
    },
  };
}

const biased: readonly OpCase[] = (
  [
    [2, 40, 60],
    [2, 1, 60],
    [1, 40, 60],
  ] as const
).map((shape) => ({
  op: "attention",
  title: `bias ${JSON.stringify(shape)}`,
  bound: { f32: 1e-5, bf16: 1e-2 },
  run: (make) => {
    const { q, k, v } = qkv(make, { queries: 40, keys: 60, heads: 2, width: 64 });
    return [attention(q, k, v, { bias: make.stored(shape, 4, "f32", 3), scale: 1 })];
  },
}));

/** A bias that is not contiguous, at the widths of the kernel on tensor cores and of the one for others. */
const strided: readonly OpCase[] = [64, 80].map((width) => ({
  op: "attention",
  title: `bias by distance, heads of ${width}`,
  bound: { f32: 1e-5, bf16: 1e-2 },
  run: (make) => {
    const { q, k, v } = qkv(make, { queries: 150, keys: 150, heads: 2, width });
    const line = make.stored([2, 299], 4, "f32", 3);
    return [attention(q, k, v, { bias: line.windows(150).flip(1) })];
  },
}));

interface Sparse extends Dense {
  readonly block: 64 | 128;
  readonly groups: number;
}

const SPARSE: readonly Sparse[] = [
  { queries: 300, keys: 300, heads: 2, width: 64, block: 64, groups: 1 },
  { queries: 513, keys: 513, heads: 3, width: 128, block: 128, groups: 1 },
  { queries: 1000, keys: 1000, heads: 2, width: 128, block: 64, groups: 2, validKeys: 900 },
  { queries: 640, keys: 333, heads: 2, width: 64, block: 128, groups: 2 },
];

/** About a third of the block pairs; the second block row of each list is empty. */
function lists({ queries, keys, block, groups }: Sparse) {
  const [rows, columns] = [Math.ceil(queries / block), Math.ceil(keys / block)];
  const made = Array.from({ length: groups }, (_, group) => {
    const starts = [0];
    const col: number[] = [];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        if (row !== 1 && (row * 7 + column * 5 + group * 3) % 3 === 0) col.push(column);
      }
      starts.push(col.length);
    }
    return { starts, col };
  });
  const entries = Math.max(...made.map(({ col }) => col.length));
  return {
    rows,
    entries,
    starts: Int32Array.from(made.flatMap(({ starts }) => starts)),
    col: Int32Array.from(
      made.flatMap(({ col }) => [...col, ...new Array<number>(entries - col.length).fill(0)]),
    ),
  };
}

function sparse(size: Sparse): OpCase {
  return {
    op: "block_sparse_attention",
    title: JSON.stringify(size),
    bound: { f32: 1e-5, bf16: 1e-2 },
    run: (make) => {
      const { q, k, v } = qkv(make, size);
      const { rows, entries, starts, col } = lists(size);
      const mask = {
        blockSize: size.block,
        rowPtr: make.values(starts, [size.groups, rows + 1]),
        col: make.values(col, [size.groups, entries]),
      };
      const options = size.validKeys === undefined ? {} : { validKeys: size.validKeys };
      const { out, lse } = blockSparseAttentionWithLse(q, k, v, mask, options);
      return [out, lse];
    },
  };
}

export const attentionCases: readonly OpCase[] = [
  ...DENSE.map(dense),
  ...biased,
  ...strided,
  ...SPARSE.map(sparse),
];
