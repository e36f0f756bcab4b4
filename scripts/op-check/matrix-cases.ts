import {
  cast,
  conv3d,
  linear,
  linearGatedResidual,
  linearScaled,
  linearScaledGatedResidual,
  loraMerge,
  quantizeRows,
} from "#runtime/tensor/ops";
import type { Activation } from "#runtime/tensor/ops";
import type { DType } from "#runtime/tensor/tensor";
import { SUMS, type OpCase } from "./op-case.ts";

const ACTIVATIONS: readonly Activation[] = ["none", "gelu_tanh", "silu", "gelu"];
const STORED: readonly DType[] = ["f32", "f16", "bf16", "f8_e4m3", "f8_e5m2"];
const SIZES: readonly (readonly [rows: number, width: number, depth: number])[] = [
  [0, 8, 8],
  [1, 1, 1],
  [1, 30, 256],
  [8, 100, 300],
  [9, 17, 5],
  [97, 50, 600],
  [130, 128, 64],
  [257, 384, 96],
  [300, 264, 1000],
  [515, 1536, 1536],
];

function linears(): OpCase[] {
  const sizes = SIZES.flatMap(([rows, width, depth]): OpCase[] => [
    {
      op: "linear",
      title: `x [${rows}, ${depth}], weight [${width}, ${depth}] bf16`,
      bound: SUMS,
      run: (make) => {
        const x = make.activations([rows, depth], 1);
        const w = make.stored([width, depth], 2, "bf16");
        return [
          linear(x, w, null),
          linear(x, w, make.stored([width], 3, "bf16"), "gelu_tanh"),
          linear(x, w, make.stored([width], 3, "f32"), "none", "f32"),
        ];
      },
    },
    {
      op: "linear_gated_residual",
      title: `x [${rows}, ${depth}], weight [${width}, ${depth}] bf16`,
      bound: SUMS,
      run: (make) => {
        const x = make.activations([rows, depth], 1);
        const w = make.stored([width, depth], 2, "bf16");
        const bias = make.stored([width], 3, "bf16");
        const residual = make.stored([rows, width], 4, "f32", 3);
        return [
          linearGatedResidual(x, w, bias, residual, make.stored([width], 5, "f32")),
          linearGatedResidual(
            x,
            w,
            null,
            make.activations([rows, width], 4),
            make.activations([rows, width], 6),
          ),
        ];
      },
    },
  ]);
  const types = STORED.flatMap((dtype) =>
    ACTIVATIONS.map((activation): OpCase => ({
      op: "linear",
      title: `weight and bias ${dtype}, activation ${activation}`,
      bound: SUMS,
      run: (make) => {
        const w = make.stored([72, 104], 8, dtype);
        const bias = make.stored([72], 9, dtype);
        return [
          linear(make.activations([45, 104], 7), w, bias, activation),
          linear(make.activations([3, 104], 7), w, bias, activation),
          linear(
            make.activations([2, 11, 33], 7),
            make.stored([19, 33], 8, dtype),
            null,
            activation,
          ),
        ];
      },
    })),
  );
  return [...sizes, ...types];
}

/** Activations rounded on both sides of a step of float8 differ by it: 2^-3 of a term, of which there are many. */
const SCALED = { f32: 2e-3, bf16: 2e-2 };

function scaledLinears(): OpCase[] {
  return SIZES.flatMap(([rows, width, depth]): OpCase[] => [
    {
      op: "linear_scaled",
      title: `x [${rows}, ${depth}], weight [${width}, ${depth}] float8 with scales`,
      bound: SCALED,
      run: (make) => {
        const x = make.activations([rows, depth], 1);
        const w = quantizeRows(make.stored([width, depth], 2, "bf16"));
        return [
          linearScaled(x, w, null),
          linearScaled(x, w, make.stored([width], 3, "bf16"), "gelu_tanh"),
          linearScaled(x, w, make.stored([width], 3, "f32"), "silu", "f32"),
        ];
      },
    },
    {
      op: "linear_scaled_gated_residual",
      title: `x [${rows}, ${depth}], weight [${width}, ${depth}] float8 with scales`,
      bound: SCALED,
      run: (make) => {
        const x = make.activations([rows, depth], 1);
        const w = quantizeRows(make.stored([width, depth], 2, "bf16"));
        const residual = make.stored([rows, width], 4, "f32", 3);
        const gate = make.stored([width], 5, "f32");
        return [
          linearScaledGatedResidual(x, w, make.stored([width], 3, "bf16"), residual, gate),
          linearScaledGatedResidual(x, w, null, residual, make.activations([rows, width], 6)),
        ];
      },
    },
    {
      op: "quantize_rows",
      title: `[${rows}, ${depth}]`,
      bound: { f32: 1e-6, bf16: 1e-6 },
      run: (make) => {
        const { values, scales } = quantizeRows(make.stored([rows, depth], 1, "bf16"));
        return [cast(values, "f32"), scales];
      },
    },
  ]);
}

const CAUSAL = [2, 0, 1, 1, 1, 1] as const;
interface ConvSize {
  readonly x: readonly [t: number, h: number, w: number, c: number];
  readonly out: number;
  readonly kernel: readonly [number, number, number];
  readonly stride?: readonly [number, number, number];
  readonly padding?: readonly [number, number, number, number, number, number];
  readonly before?: number;
  /** Frames in front of those. */
  readonly older?: number;
  readonly doubled?: boolean;
}
const CONVOLUTIONS: readonly ConvSize[] = [
  { x: [1, 1, 1, 1], out: 1, kernel: [1, 1, 1] },
  { x: [2, 5, 7, 24], out: 33, kernel: [1, 1, 1] },
  { x: [1, 6, 5, 3], out: 96, kernel: [3, 3, 3], padding: CAUSAL },
  { x: [3, 14, 37, 96], out: 96, kernel: [3, 3, 3], padding: CAUSAL },
  { x: [1, 12, 20, 192], out: 192, kernel: [3, 3, 3], padding: [0, 0, 1, 1, 1, 1], before: 2 },
  { x: [2, 9, 11, 384], out: 384, kernel: [3, 3, 3], padding: [1, 0, 1, 1, 1, 1], before: 1 },
  {
    x: [1, 12, 37, 96],
    out: 96,
    kernel: [3, 3, 3],
    padding: [0, 0, 1, 1, 1, 1],
    before: 1,
    older: 1,
  },
  { x: [1, 12, 21, 192], out: 96, kernel: [1, 3, 3], padding: [0, 0, 1, 1, 1, 1], doubled: true },
  {
    x: [2, 5, 7, 24],
    out: 24,
    kernel: [3, 3, 3],
    padding: [0, 0, 1, 1, 1, 1],
    before: 2,
    doubled: true,
  },
  { x: [2, 4, 5, 16], out: 384, kernel: [3, 3, 3], padding: CAUSAL },
  { x: [2, 16, 19, 96], out: 3, kernel: [3, 3, 3], padding: CAUSAL },
  { x: [2, 6, 9, 17], out: 3, kernel: [3, 3, 3], padding: CAUSAL },
  { x: [4, 3, 5, 32], out: 64, kernel: [3, 1, 1], before: 2 },
  { x: [5, 3, 5, 32], out: 64, kernel: [3, 1, 1], stride: [2, 1, 1], before: 1 },
  { x: [2, 8, 9, 40], out: 40, kernel: [1, 3, 3], stride: [1, 2, 2], padding: [0, 0, 0, 1, 0, 1] },
  { x: [3, 5, 4, 3], out: 2, kernel: [3, 2, 3], stride: [2, 3, 2], padding: [2, 2, 0, 1, 2, 0] },
  { x: [1, 2, 3, 8], out: 70, kernel: [2, 2, 2], padding: [1, 1, 3, 3, 3, 3] },
];

function convolution(size: ConvSize, dtype: DType): OpCase {
  const { x, out, kernel, stride, padding, before = 0, older = 0, doubled = false } = size;
  const past = `${older} and ${before} before${doubled ? ", doubled" : ""}`;
  return {
    op: "conv3d",
    title: `x ${JSON.stringify(x)}, ${out} out, kernel ${JSON.stringify(kernel)}, ${past}, weight ${dtype}`,
    bound: SUMS,
    run: (make) => {
      const weight = make.stored([out, ...kernel, x[3]], 2, dtype);
      const bias = make.stored([out], 3, dtype);
      const frames = (count: number, seed: number) =>
        count === 0 ? null : make.activations([count, ...x.slice(1)], seed);
      const [near, far] = [frames(before, 4), frames(older, 6)];
      const options = {
        stride,
        padding,
        before: near === null || far === null ? near : ([far, near] as const),
        doubled,
      };
      const input = make.activations(x, 1);
      const y = conv3d(input, weight, null, options);
      const residual = make.activations(y.shape, 5, 8);
      return [y, conv3d(input, weight, bias, { ...options, residual })];
    },
  };
}

const loras = [
  [1, 1, 1],
  [33, 17, 4],
  [200, 136, 64],
].flatMap(([height = 1, width = 1, rank = 1]) =>
  STORED.map((dtype): OpCase => ({
    op: "lora_merge",
    title: `[${height}, ${width}] of ${dtype}, rank ${rank}`,
    // A sum that lies between two values of the type may be rounded to either.
    bound:
      dtype === "f32"
        ? SUMS
        : { f32: dtype.startsWith("f8") ? 0.15 : 8e-3, bf16: dtype.startsWith("f8") ? 0.15 : 8e-3 },
    run: (make) => [
      loraMerge(
        make.stored([height, width], 1, dtype),
        make.stored([height, rank], 2, "f16"),
        make.stored([rank, width], 3, "f32"),
        0.7,
      ),
    ],
  })),
);

export const matrixCases: readonly OpCase[] = [
  ...linears(),
  ...scaledLinears(),
  ...CONVOLUTIONS.map((size) => convolution(size, "bf16")),
  ...(["f32", "f16", "f8_e4m3"] as const).map((dtype) =>
    convolution({ x: [2, 5, 6, 24], out: 37, kernel: [3, 3, 3], padding: CAUSAL }, dtype),
  ),
  ...loras,
];
