import {
  channelRmsNorm,
  groupNorm,
  layerNorm,
  layerNormModulate,
  rmsNorm,
  rmsNormRope,
} from "#runtime/tensor/ops";
import { ropeTable } from "#runtime/nn/rope-table";
import { SUMS, type Inputs, type OpCase } from "./op-case.ts";
import type { Tensor } from "#runtime/tensor/tensor";

// Rows of a few lanes, of a warp and of a block, with ragged ends; a row that does not fit the registers of a block.
const SHAPES: readonly (readonly [rows: number, width: number])[] = [
  [0, 8],
  [1, 1],
  [3, 5],
  [17, 16],
  [1000, 96],
  [33, 100],
  [5, 520],
  [515, 1536],
  [67, 5120],
  [9, 5121],
  [3, 13824],
];

function rows(
  op: string,
  run: (make: Inputs, x: Tensor, width: number) => readonly Tensor[],
): OpCase[] {
  return SHAPES.map(([count, width]) => ({
    op,
    title: `[${count}, ${width}]`,
    bound: SUMS,
    run: (make) => run(make, make.activations([count, width], 1, 3), width),
  }));
}

const HEADS = [
  { tokens: 0, heads: 2, width: 4, batch: 1 },
  { tokens: 1, heads: 1, width: 2, batch: 1 },
  { tokens: 5, heads: 3, width: 6, batch: 1 },
  { tokens: 7, heads: 2, width: 34, batch: 2 },
  { tokens: 66, heads: 4, width: 64, batch: 3 },
  { tokens: 130, heads: 40, width: 128, batch: 1 },
];

const GROUPS = [
  { clips: 1, pixels: 0, channels: 8, groups: 2 },
  { clips: 1, pixels: 1, channels: 2, groups: 1 },
  { clips: 2, pixels: 300, channels: 30, groups: 3 },
  { clips: 1, pixels: 20_000, channels: 128, groups: 32 },
  { clips: 3, pixels: 4001, channels: 512, groups: 32 },
];

export const normCases: readonly OpCase[] = [
  ...rows("layer_norm", (make, x, width) => [
    layerNorm(x, { eps: 1e-6 }),
    layerNorm(x, {
      weight: make.stored([width], 2, "bf16"),
      bias: make.stored([width], 3, "f32"),
      eps: 1e-6,
    }),
  ]),
  ...rows("layer_norm_modulate", (make, x, width) => [
    layerNormModulate(x, make.stored([width], 4, "f32"), make.stored([width], 5, "f32"), 1e-6),
    layerNormModulate(x, make.activations(x.shape, 4), make.activations(x.shape, 5), 1e-6),
  ]),
  ...rows("rms_norm", (make, x, width) => [
    rmsNorm(x, null, 1e-6),
    rmsNorm(x, make.stored([width], 6, "bf16"), 1e-6),
  ]),
  ...rows("channel_rms_norm", (make, x, width) => [
    channelRmsNorm(x, make.stored([width], 7, "bf16"), false),
    channelRmsNorm(x, make.stored([width], 7, "f32"), true),
  ]),
  ...HEADS.map(({ tokens, heads, width, batch }): OpCase => ({
    op: "rms_norm_rope",
    title: `${batch} x ${tokens} tokens, ${heads} heads of ${width}`,
    bound: SUMS,
    run: (make) => {
      const table = make.values(ropeTable([tokens], [width]), [tokens, width / 2, 2]);
      const x = make.activations([batch, tokens, heads * width], 8, 3);
      return [
        rmsNormRope(x, make.stored([heads * width], 9, "bf16"), table, 1e-6, heads),
        rmsNormRope(x, make.stored([width], 9, "f32"), table, 1e-6, heads),
      ];
    },
  })),
  ...GROUPS.map(({ clips, pixels, channels, groups }): OpCase => ({
    op: "group_norm",
    title: `${clips} x ${pixels} pixels, ${groups} groups of ${channels} channels`,
    bound: SUMS,
    run: (make) => {
      const x = make.activations([clips, pixels, channels], 10, 3);
      const [weight, bias] = [
        make.stored([channels], 11, "bf16"),
        make.stored([channels], 12, "f32"),
      ];
      return [true, false].map((activate) =>
        groupNorm(x, weight, bias, { groups, eps: 1e-6, activate }),
      );
    },
  })),
  {
    op: "layer_norm",
    title: "a mean a thousand times the deviation",
    bound: { f32: 1e-3, bf16: 8e-3 },
    run: (make) => [layerNorm(make.values(farFromZero(), [4, 512]), { eps: 1e-6 })],
  },
];

function farFromZero(): Float32Array {
  return Float32Array.from({ length: 4 * 512 }, (_, i) => 1000 + Math.sin(i));
}
