import { density } from "#runtime/attention/csr";
import { radialMask } from "#runtime/attention/radial";
import type { Device } from "#runtime/tensor/device";
import { attention, blockSparseAttention } from "#runtime/tensor/ops";
import { anyNumbers, type Row } from "./row.ts";

interface Size {
  readonly queries: number;
  readonly keys: number;
  readonly heads: number;
  readonly width: number;
}

// Self-attention of the bundled model and longer, cross-attention to a short text, the VAE's single wide head.
const DENSE: readonly Size[] = [
  { queries: 2304, keys: 2304, heads: 4, width: 64 },
  { queries: 2048, keys: 2048, heads: 4, width: 128 },
  { queries: 8192, keys: 8192, heads: 1, width: 64 },
  { queries: 2304, keys: 20, heads: 4, width: 64 },
  { queries: 1024, keys: 1024, heads: 1, width: 384 },
];

function inputs(device: Device, { queries, keys, heads, width }: Size) {
  return {
    q: device.tensor(anyNumbers(queries * heads * width), [queries, heads, width]),
    k: device.tensor(anyNumbers(keys * heads * width), [keys, heads, width]),
    v: device.tensor(anyNumbers(keys * heads * width), [keys, heads, width]),
  };
}

function prepareDense(device: Device, size: Size) {
  const { q, k, v } = inputs(device, size);
  return { inputs: [q, k, v], run: () => attention(q, k, v) };
}

function denseRow(size: Size): Row {
  const { queries, keys, heads, width } = size;
  return {
    op: `attention, head width ${width}`,
    size: `${queries} x ${keys}, ${heads} heads`,
    flops: 4 * queries * keys * heads * width,
    prepare: (device) => prepareDense(device, size),
    pytorch: `attention ${queries} ${keys} ${heads} ${width}`,
  };
}

/** A radial mask over 12 frames of 768 tokens, beside density x the time of dense attention. */
function sparseRow(blockSize: 64 | 128, width: number): Row {
  const mask = radialMask({
    tokensPerFrame: 768,
    frames: 12,
    textTokens: 0,
    decayFactor: 0.2,
    blockSize,
    kind: "wan",
  });
  const size = { queries: mask.tokens, keys: mask.tokens, heads: 1, width };
  const share = density(mask);
  return {
    op: `block-sparse, head width ${width}`,
    size: `${mask.tokens}, blocks of ${blockSize}, ${(share * 100).toFixed(1)} %`,
    flops: 4 * mask.tokens ** 2 * width * share,
    prepare: (device) => {
      const { q, k, v } = inputs(device, size);
      const rowPtr = device.tensor(mask.rowPtr, [1, mask.rowPtr.length]);
      const col = device.tensor(mask.col, [1, mask.col.length]);
      const run = () => blockSparseAttention(q, k, v, { blockSize, rowPtr, col });
      return { inputs: [q, k, v, rowPtr, col], run };
    },
    own: { name: "density x dense", prepare: (device) => prepareDense(device, size), share },
  };
}

export const attentionRows: readonly Row[] = [
  ...DENSE.map(denseRow),
  sparseRow(64, 64),
  sparseRow(128, 64),
  sparseRow(64, 128),
  sparseRow(128, 128),
];
