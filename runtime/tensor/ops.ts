/** The ops, one function an op of native/include/ops.h. */
export { cast, cat, copy, dequantize, embedding } from "./ops-layout.ts";
export {
  add,
  affine,
  clamp,
  cosSin,
  gelu,
  lincomb,
  mul,
  silu,
  sub,
  tanh,
} from "./ops-elementwise.ts";
export {
  channelRmsNorm,
  gatedResidual,
  groupNorm,
  layerNorm,
  layerNormModulate,
  rmsNorm,
  rmsNormRope,
} from "./ops-norm.ts";
export type { Target } from "./launch.ts";
export {
  linear,
  linearGatedResidual,
  linearScaled,
  linearScaledGatedResidual,
  loraMerge,
  quantizeRows,
  type Activation,
} from "./ops-matrix.ts";
export {
  attention,
  attentionWithLse,
  blockSparseAttention,
  blockSparseAttentionWithLse,
  type AttentionOptions,
  type AttentionWithLse,
  type DeviceBlockMask,
} from "./ops-attention.ts";
export { conv3d, upsample2x, type Conv3dOptions } from "./ops-convolution.ts";
