/** Ops whose result may lie where an operand did. */
import {
  add,
  attention,
  blockSparseAttention,
  cast,
  linear,
  linearGatedResidual,
  linearScaledGatedResidual,
  mul,
  quantizeRows,
  rmsNorm,
  rmsNormRope,
} from "#runtime/tensor/ops";
import { ropeTable } from "#runtime/nn/rope-table";
import type { Tensor } from "#runtime/tensor/tensor";
import { POINTWISE, SUMS, type Inputs, type OpCase } from "./op-case.ts";

/** Activations of the type that results have: of the same values, also where the reference keeps them in float32. */
function over(make: Inputs, shape: readonly number[], seed: number, scale: number): Tensor {
  return cast(make.activations(shape, seed, scale), make.device.activations);
}

const SIZES: readonly (readonly [rows: number, width: number, depth: number])[] = [
  [8, 100, 300],
  [97, 50, 600],
  [300, 264, 1000],
  [515, 1536, 1536],
  [2100, 2560, 512],
];

const products = SIZES.flatMap(([rows, width, depth]): OpCase[] => {
  const title = `x [${rows}, ${depth}], weight [${width}, ${depth}], over its residual`;
  const residuals = (make: Inputs) => [
    make.stored([rows, width], 4, "f32", 3),
    over(make, [rows, width], 4, 1),
  ];
  const gates = (make: Inputs) => [
    make.stored([width], 5, "f32"),
    make.activations([rows, width], 6),
  ];
  return [
    {
      op: "linear_gated_residual",
      title,
      bound: SUMS,
      run: (make) => {
        const x = make.activations([rows, depth], 1);
        const w = make.stored([width, depth], 2, "bf16");
        const bias = make.stored([width], 3, "bf16");
        return residuals(make).flatMap((residual, i) => {
          const gate = gates(make)[i] ?? residual;
          return [linearGatedResidual(x, w, bias, residual, gate, residual)];
        });
      },
    },
    {
      op: "linear_scaled_gated_residual",
      title,
      // As in matrix-cases.ts: activations are rounded to float8.
      bound: { f32: 2e-3, bf16: 2e-2 },
      run: (make) => {
        const x = make.activations([rows, depth], 1);
        const w = quantizeRows(make.stored([width, depth], 2, "bf16"));
        return residuals(make).flatMap((residual, i) => {
          const gate = gates(make)[i] ?? residual;
          return [linearScaledGatedResidual(x, w, null, residual, gate, residual)];
        });
      },
    },
    {
      op: "linear",
      title: `x [${rows}, ${depth}], weight [${width}, ${depth}], into rows of a tensor`,
      bound: SUMS,
      run: (make) => {
        const x = make.activations([rows, depth], 1);
        const w = make.stored([width, depth], 2, "bf16");
        const all = over(make, [rows + 13, width], 3, 1);
        linear(x, w, null, "none", all.slice(0, 9, 9 + rows));
        return [all];
      },
    },
  ];
});

const rotated = [
  { tokens: 5, heads: 3, width: 6 },
  { tokens: 66, heads: 4, width: 64 },
  { tokens: 1300, heads: 40, width: 128 },
].map(({ tokens, heads, width }): OpCase => ({
  op: "rms_norm_rope",
  title: `${tokens} tokens, ${heads} heads of ${width}, over its operand`,
  bound: SUMS,
  run: (make) => {
    const table = make.values(ropeTable([tokens], [width]), [tokens, width / 2, 2]);
    return [heads * width, width].map((norm) => {
      const x = over(make, [tokens, heads * width], 8, 3);
      return rmsNormRope(x, make.stored([norm], 9, "f32"), table, 1e-6, heads, x);
    });
  },
}));

const attended = [
  { queries: 5, width: 34 },
  { queries: 600, width: 64 },
  { queries: 2000, width: 128 },
  { queries: 200, width: 384 },
].map(({ queries, width }): OpCase => ({
  op: "attention",
  title: `${queries} queries of ${width}, over them`,
  bound: { f32: 1e-5, bf16: 1e-2 },
  run: (make) => {
    const of = (seed: number) => make.activations([queries, 3, width], seed, 2);
    const q = over(make, [queries, 3, width], 1, 2);
    return [attention(q, of(2), of(3), { into: q })];
  },
}));

const sparse = ([64, 128] as const).map((blockSize): OpCase => ({
  op: "block_sparse_attention",
  title: `blocks of ${blockSize}, over the queries`,
  bound: { f32: 1e-5, bf16: 1e-2 },
  run: (make) => {
    const queries = 1500;
    const rows = Math.ceil(queries / blockSize);
    const mask = {
      blockSize,
      // The diagonal and the first column.
      rowPtr: make.values(
        Int32Array.from({ length: rows + 1 }, (_, row) => Math.max(0, 2 * row - 1)),
        [1, rows + 1],
      ),
      col: make.values(
        Int32Array.from({ length: 2 * rows - 1 }, (_, i) => (i % 2 === 1 ? 0 : i / 2)),
        [1, 2 * rows - 1],
      ),
    };
    const of = (seed: number) => make.activations([queries, 3, 128], seed, 2);
    const q = over(make, [queries, 3, 128], 1, 2);
    return [blockSparseAttention(q, of(2), of(3), mask, { into: q })];
  },
}));

const elements = (["add", "mul"] as const).map((op): OpCase => ({
  op,
  title: "over either operand",
  bound: POINTWISE,
  run: (make) => {
    const compute = { add, mul }[op];
    const operands = () => [over(make, [515, 1536], 1, 2), over(make, [515, 1536], 2, 2)] as const;
    const [a, b] = operands();
    const [c, d] = operands();
    const wide = make.stored([515, 1536], 3, "f32");
    return [compute(a, b, a), compute(c, d, d), compute(wide, b, wide)];
  },
}));

const normed: OpCase = {
  op: "rms_norm",
  title: "over its operand",
  bound: SUMS,
  run: (make) =>
    [96, 128, 3072].map((width) => {
      const x = over(make, [700, width], 5, 3);
      return rmsNorm(x, make.stored([width], 6, "bf16"), 1e-6, x);
    }),
};

export const inPlaceCases: readonly OpCase[] = [
  ...elements,
  normed,
  ...products,
  ...rotated,
  ...attended,
  ...sparse,
];
