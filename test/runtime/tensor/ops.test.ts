import { afterAll, describe, expect, test } from "vitest";
import { openDevice } from "#runtime/tensor/devices";
import type { DType } from "#runtime/tensor/layout";
import * as ops from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { expectNoLiveTensors } from "../../helpers/tensors.ts";

const device = openDevice("null");
afterAll(() => expectNoLiveTensors(device));

const t = (shape: readonly number[], dtype: DType = "f32"): Tensor => device.empty(shape, dtype);
const mask = (blocks: number, groups = 1) => ({
  blockSize: 64 as const,
  rowPtr: t([groups, blocks + 1], "i32"),
  col: t([groups, 5], "i32"),
});

type Shaped = readonly [title: string, make: () => Tensor, shape: readonly number[], dtype?: DType];

const SHAPES: readonly Shaped[] = [
  ["cast", () => ops.cast(t([2, 3], "i32"), "bf16"), [2, 3], "bf16"],
  ["copy", () => ops.copy(t([2, 3], "f16").permute([1, 0])), [3, 2], "f16"],
  ["cat", () => ops.cat([t([2, 3], "u8"), t([4, 3], "u8")], 0), [6, 3], "u8"],
  ["cat along the last axis", () => ops.cat([t([2, 3]), t([2, 1])], -1), [2, 4]],
  ["embedding", () => ops.embedding(t([10, 4], "bf16"), t([2, 5], "i32")), [2, 5, 4]],
  ["add", () => ops.add(t([2, 1, 4]), t([3, 1])), [2, 3, 4]],
  ["sub", () => ops.sub(t([4]), t([2, 4], "bf16")), [2, 4]],
  ["mul with a number", () => ops.mul(t([]), t([0, 4])), [0, 4]],
  ["lincomb", () => ops.lincomb(t([2, 4]), t([2, 4]), 1, 2), [2, 4]],
  ["affine", () => ops.affine(t([2, 4], "f16"), 1, 2), [2, 4]],
  ["clamp", () => ops.clamp(t([2]), 0, 1), [2]],
  ["silu", () => ops.silu(t([2])), [2]],
  ["gelu", () => ops.gelu(t([2]), { tanh: true }), [2]],
  ["layerNorm", () => ops.layerNorm(t([2, 8]), { weight: t([8]), eps: 1e-6 }), [2, 8]],
  ["layerNormModulate", () => ops.layerNormModulate(t([2, 8]), t([8]), t([2, 8]), 1e-6), [2, 8]],
  ["rmsNorm", () => ops.rmsNorm(t([5, 2, 8]), null, 1e-6), [5, 2, 8]],
  ["rmsNormRope", () => ops.rmsNormRope(t([6, 16]), t([16]), t([6, 4, 2]), 1e-6, 2), [6, 16]],
  ["tanh", () => ops.tanh(t([2, 3])), [2, 3]],
  ["cosSin", () => ops.cosSin(t([2, 3])), [2, 3, 2]],
  [
    "groupNorm",
    () => ops.groupNorm(t([2, 4, 4, 8]), t([8]), t([8]), { groups: 2, eps: 1e-6 }),
    [2, 4, 4, 8],
  ],
  ["channelRmsNorm", () => ops.channelRmsNorm(t([2, 4, 4, 8]), t([8]), true), [2, 4, 4, 8]],
  ["gatedResidual", () => ops.gatedResidual(t([2, 8]), t([2, 8]), t([8])), [2, 8]],
  ["linear", () => ops.linear(t([2, 3, 8]), t([5, 8], "bf16"), t([5]), "silu"), [2, 3, 5]],
  [
    "linearGatedResidual",
    () => ops.linearGatedResidual(t([3, 8]), t([5, 8]), null, t([3, 5]), t([5])),
    [3, 5],
  ],
  ["loraMerge", () => ops.loraMerge(t([5, 8], "f16"), t([5, 2]), t([2, 8]), 1), [5, 8], "f16"],
  [
    "loraMerge to another type",
    () => ops.loraMerge(t([5, 8]), t([5, 2]), t([2, 8]), 1, "bf16"),
    [5, 8],
    "bf16",
  ],
  ["attention", () => ops.attention(t([7, 2, 8]), t([9, 2, 8]), t([9, 2, 8])), [7, 2, 8]],
  [
    "attention with a bias",
    () => ops.attention(t([7, 2, 8]), t([9, 2, 8]), t([9, 2, 8]), { bias: t([2, 1, 9]) }),
    [7, 2, 8],
  ],
  [
    "attentionWithLse of a batch",
    () => ops.attentionWithLse(t([3, 7, 2, 8]), t([3, 9, 2, 8]), t([3, 9, 2, 8])).lse,
    [3, 2, 7],
  ],
  [
    "blockSparseAttention",
    () => ops.blockSparseAttention(t([130, 2, 8]), t([130, 2, 8]), t([130, 2, 8]), mask(3)),
    [130, 2, 8],
  ],
  [
    "blockSparseAttentionWithLse",
    () =>
      ops.blockSparseAttentionWithLse(t([130, 2, 8]), t([130, 2, 8]), t([130, 2, 8]), mask(3, 2))
        .lse,
    [2, 130],
  ],
  ["conv3d", () => ops.conv3d(t([5, 8, 9, 3]), t([4, 3, 3, 3, 3]), t([4])), [3, 6, 7, 4]],
  [
    "conv3d with past frames, stride and padding",
    () =>
      ops.conv3d(t([4, 8, 9, 3]), t([4, 3, 3, 3, 3]), null, {
        before: t([1, 8, 9, 3]),
        stride: [2, 2, 2],
        padding: [0, 0, 0, 1, 0, 1],
      }),
    [2, 4, 4, 4],
  ],
  [
    "conv3d of doubled pixels and past frames in two parts",
    () =>
      ops.conv3d(t([1, 4, 5, 3]), t([7, 3, 3, 3, 3]), null, {
        before: [t([1, 4, 5, 3]), t([2, 4, 5, 3])],
        doubled: true,
      }),
    [2, 6, 8, 7],
  ],
  [
    "conv3d with a residual",
    () => ops.conv3d(t([2, 4, 4, 3]), t([5, 1, 1, 1, 3]), null, { residual: t([2, 4, 4, 5]) }),
    [2, 4, 4, 5],
  ],
  ["upsample2x", () => ops.upsample2x(t([2, 3, 4, 5])), [2, 6, 8, 5]],
];

for (const [title, make, shape, dtype = "f32"] of SHAPES) {
  test(`shape of ${title}`, () => {
    using result = scope(make);
    expect(result.shape).toEqual(shape);
    expect(result.dtype).toBe(dtype);
  });
}

const REFUSED: readonly (readonly [message: string, make: () => Tensor])[] = [
  ["Expected a float type to cast to, got i32.", () => ops.cast(t([1]), "i32")],
  ["Expected one or more tensors to join, got none.", () => ops.cat([], 0)],
  ["Expected an axis of [2, 3], got 2.", () => ops.cat([t([2, 3])], 2)],
  ["Expected every input of cat to be f32, got f16.", () => ops.cat([t([1]), t([1], "f16")], 0)],
  [
    "Expected every input of cat to be like [2, 3] but for axis 0, got [2, 4].",
    () => ops.cat([t([2, 3]), t([2, 4])], 0),
  ],
  ["Expected ids of embedding to be i32, got f32.", () => ops.embedding(t([2, 3]), t([1]))],
  [
    "Expected the second operand of add to be broadcastable to [2, 3], got [2].",
    () => ops.add(t([2, 3]), t([2])),
  ],
  ["Expected tensors of a float type for mul, got u8.", () => ops.mul(t([2]), t([2], "u8"))],
  [
    "Expected the second operand of lincomb to be [2], got [1].",
    () => ops.lincomb(t([2]), t([1]), 1, 1),
  ],
  [
    "Expected weight of layer_norm to be [8], got [4].",
    () => ops.layerNorm(t([2, 8]), { weight: t([4]), eps: 0 }),
  ],
  [
    "Expected scale of layer_norm_modulate to be [8] or [2, 8], got [1, 8].",
    () => ops.layerNormModulate(t([2, 8]), t([8]), t([1, 8]), 0),
  ],
  ["Expected x of rms_norm to be of rank 1 or more, got [].", () => ops.rmsNorm(t([]), null, 0)],
  [
    "Expected cos_sin of rms_norm_rope to be [6, 4, 2], got [6, 8, 2].",
    () => ops.rmsNormRope(t([6, 16]), t([16]), t([6, 8, 2]), 0, 2),
  ],
  [
    "Expected heads of an even width in [6, 12], got 4 heads.",
    () => ops.rmsNormRope(t([6, 12]), t([12]), t([6, 1, 2]), 0, 4),
  ],
  [
    "Expected x of linear to be [..., 8], got [2, 4].",
    () => ops.linear(t([2, 4]), t([5, 8]), null),
  ],
  [
    "Expected the bias of linear to be [5], got [8].",
    () => ops.linear(t([2, 8]), t([5, 8]), t([8])),
  ],
  [
    "Expected the residual of linear_gated_residual to be [3, 5], got [3, 8].",
    () => ops.linearGatedResidual(t([3, 8]), t([5, 8]), null, t([3, 8]), t([5])),
  ],
  [
    "Expected down of lora_merge to be [2, 8], got [3, 8].",
    () => ops.loraMerge(t([5, 8]), t([5, 2]), t([3, 8]), 1),
  ],
  [
    "Expected v of attention to be [9, 2, 8], got [9, 2, 4].",
    () => ops.attention(t([7, 2, 8]), t([9, 2, 8]), t([9, 2, 4])),
  ],
  [
    "Expected 1 to 9 valid keys for attention, got 10.",
    () => ops.attention(t([7, 2, 8]), t([9, 2, 8]), t([9, 2, 8]), { validKeys: 10 }),
  ],
  [
    "Expected the bias of attention to be [2, 7, 9] or 1 in front, got [7, 9].",
    () => ops.attention(t([7, 2, 8]), t([9, 2, 8]), t([9, 2, 8]), { bias: t([7, 9]) }),
  ],
  [
    "Expected row_ptr of block_sparse_attention to be [1, 4], got [1, 3].",
    () => ops.blockSparseAttention(t([130, 2, 8]), t([130, 2, 8]), t([130, 2, 8]), mask(2)),
  ],
  [
    "Expected row_ptr of block_sparse_attention to be a list for all heads or for each of 2, got [3, 4].",
    () => ops.blockSparseAttention(t([130, 2, 8]), t([130, 2, 8]), t([130, 2, 8]), mask(3, 3)),
  ],
  [
    "Expected x of conv3d to be [T, H, W, 3], got [2, 4, 4, 5].",
    () => ops.conv3d(t([2, 4, 4, 5]), t([4, 1, 1, 1, 3]), null),
  ],
  [
    "Expected 3 strides of 1 or more, got [0, 1, 1].",
    () => ops.conv3d(t([2, 4, 4, 3]), t([4, 1, 1, 1, 3]), null, { stride: [0, 1, 1] }),
  ],
  [
    "Expected x with its padding of conv3d to be at least the kernel [4, 3, 1, 1, 3], got [2, 4, 4, 3].",
    () => ops.conv3d(t([2, 4, 4, 3]), t([4, 3, 1, 1, 3]), null),
  ],
  ["Expected x of upsample2x to be of rank 4, got [2, 3].", () => ops.upsample2x(t([2, 3]))],
];

describe("refused before anything is enqueued", () => {
  test.each(REFUSED)("%s", (message, make) => {
    const before = device.flops();
    expect(() => scope(make)).toThrow(message);
    expect(device.flops()).toEqual(before);
  });
});
