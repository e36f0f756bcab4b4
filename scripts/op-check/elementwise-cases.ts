import {
  add,
  affine,
  cast,
  cat,
  clamp,
  copy,
  cosSin,
  embedding,
  gatedResidual,
  gelu,
  lincomb,
  mul,
  silu,
  sub,
  tanh,
  upsample2x,
} from "#runtime/tensor/ops";
import type { DType, Tensor } from "#runtime/tensor/tensor";
import { EXACT, POINTWISE, type OpCase } from "./op-case.ts";

const PAIRS: readonly (readonly [a: readonly number[], b: readonly number[]])[] = [
  [[], []],
  [[1], [5]],
  [[3, 5], []],
  [
    [4, 37],
    [4, 1],
  ],
  [[19], [3, 19]],
  [
    [2, 3, 4, 5],
    [3, 1, 5],
  ],
  [
    [2, 1, 3, 1, 16],
    [1, 4, 3, 5, 1],
  ],
  [[0, 5], [5]],
  [[300, 336], [336]],
  [
    [300, 336],
    [300, 336],
  ],
  [[1_000_003], [1_000_003]],
];
const LENGTHS = [0, 1, 7, 8, 9, 1000, 1_000_003];
const TYPES: readonly DType[] = ["f32", "f16", "bf16", "f8_e4m3", "f8_e5m2"];

function pairs(op: string, run: (x: Tensor, y: Tensor, dtype?: DType) => Tensor): OpCase[] {
  return PAIRS.map(([a, b]) => ({
    op,
    title: `${JSON.stringify(a)} and ${JSON.stringify(b)}`,
    bound: POINTWISE,
    run: (make) => {
      const [x, y] = [make.activations(a, 1, 4), make.activations(b, 2, 4)];
      return [run(x, y), run(x, y, "bf16")];
    },
  }));
}

function singles(op: string, run: (x: Tensor) => Tensor): OpCase[] {
  return LENGTHS.map((length) => ({
    op,
    title: `${length} elements`,
    bound: POINTWISE,
    run: (make) => [run(make.activations([length], 3, 12))],
  }));
}

function casts(): OpCase[] {
  return TYPES.flatMap((from) =>
    TYPES.map((to) => ({
      op: "cast",
      title: `${from} to ${to}`,
      bound: EXACT,
      run: (make) => {
        const x = make.stored([7, 1031], 4, from, 600);
        return [cast(x, to), cast(x.permute([1, 0]), to)];
      },
    })),
  );
}

const layouts: readonly OpCase[] = [
  {
    op: "cast",
    title: "integers to float types",
    bound: EXACT,
    run: (make) => {
      const ints = make.values(Int32Array.from([-70000, -3, 0, 1, 255, 300, 16777217]), [7]);
      return TYPES.map((to) => cast(ints, to));
    },
  },
  ...TYPES.flatMap((dtype): OpCase[] => [
    {
      op: "copy",
      title: `${dtype}, axes in another order`,
      bound: EXACT,
      run: (make) => {
        const x = make.stored([5, 12, 40, 24], 5, dtype);
        return [
          copy(x.permute([2, 0, 1, 3])),
          copy(x.permute([3, 2, 1, 0])),
          copy(x.slice(1, 3, 8).slice(3, 1, 18)),
          copy(x.slice(0, 2, 2)),
          copy(x.windows(16).flip(3)),
          copy(x.flip(3).flip(0)),
        ];
      },
    },
    {
      op: "cat",
      title: `${dtype}, along each axis`,
      bound: EXACT,
      run: (make) => {
        const x = make.stored([3, 5, 7], 6, dtype);
        const y = make.stored([3, 5, 7], 7, dtype);
        const none = make.stored([3, 0, 7], 7, dtype);
        return [cat([x, y], 0), cat([x, y, x], 1), cat([y, x], 2), cat([x, none], 1)];
      },
    },
    {
      op: "embedding",
      title: `table of ${dtype}`,
      bound: EXACT,
      run: (make) => {
        const ids = make.values(Int32Array.from([3, 0, 9, 9, 1, 2]), [2, 3]);
        return [
          embedding(make.stored([10, 20], 8, dtype), ids),
          embedding(make.stored([10, 64], 9, dtype), ids),
        ];
      },
    },
  ]),
  ...[8, 24, 13].map((channels): OpCase => ({
    op: "upsample2x",
    title: `${channels} channels`,
    bound: EXACT,
    run: (make) => [upsample2x(make.activations([2, 5, 7, channels], 10))],
  })),
  ...[
    [1, 1],
    [0, 8],
    [33, 40],
    [7, 13],
    [515, 1536],
  ].map(([rows = 0, width = 0]): OpCase => ({
    op: "gated_residual",
    title: `[${rows}, ${width}]`,
    bound: POINTWISE,
    run: (make) => {
      const x = make.activations([rows, width], 11);
      const y = make.activations([rows, width], 12);
      return [
        gatedResidual(x, y, make.stored([width], 13, "f32")),
        gatedResidual(x, y, make.activations([rows, width], 14)),
        gatedResidual(make.stored([rows, width], 15, "f32"), y, make.stored([width], 13, "f32")),
      ];
    },
  })),
];

export const elementwiseCases: readonly OpCase[] = [
  ...pairs("add", add),
  ...pairs("sub", sub),
  ...pairs("mul", mul),
  ...singles("lincomb", (x) => lincomb(x, x, 0.3, -1.7)),
  ...singles("affine", (x) => affine(x, -0.7, 0.1)),
  ...singles("clamp", (x) => clamp(x, -1, 2)),
  ...singles("silu", silu),
  ...singles("tanh", tanh),
  ...singles("cos_sin", cosSin),
  ...singles("gelu", (x) => gelu(x, { tanh: true })),
  ...singles("gelu", (x) => gelu(x)),
  ...casts(),
  ...layouts,
];
