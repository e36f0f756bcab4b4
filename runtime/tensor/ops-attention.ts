/** Attention, dense and block-sparse. The type of results: activation-type.ts; log-sum-exp is float32. */
import { UmbelError } from "#runtime/errors";
import { activationType } from "./activation-type.ts";
import { launchAll, outputIn } from "./launch.ts";
import { shapeText } from "./layout.ts";
import {
  expectDType,
  expectFloat,
  expectRank,
  expectShape,
  shapeError,
  size,
} from "./shape-rules.ts";
import type { Tensor } from "./tensor.ts";

export interface AttentionOptions {
  /** Added to the logits: [H or 1, Sq or 1, Sk]; float32 views whose keys lie side by side are read as they lie. */
  readonly bias?: Tensor;
  /** Factor of the logits; 1 / sqrt(D) by default. */
  readonly scale?: number;
  /** Keys that are attended, counted from the first; all by default. */
  readonly validKeys?: number;
  /** Takes the result; it may be q. */
  readonly into?: Tensor;
}

/** A block mask on the device: rows of query blocks, columns of key blocks. */
export interface DeviceBlockMask {
  readonly blockSize: 64 | 128;
  /** int32 [G, rows + 1], G being 1 or the number of heads. */
  readonly rowPtr: Tensor;
  /** int32 [G, nnz], ascending within a row. */
  readonly col: Tensor;
}

export interface AttentionWithLse {
  readonly out: Tensor;
  /** Logarithm of the sum of exponentials of each row of logits, [B?, H, Sq]. */
  readonly lse: Tensor;
}

function checkKeys(op: string, validKeys: number | undefined, keys: number): number {
  if (validKeys === undefined) return -1;
  if (!Number.isInteger(validKeys) || validKeys < 1 || validKeys > keys) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected 1 to ${keys} valid keys for ${op}, got ${validKeys}.`,
    );
  }
  return validKeys;
}

function checkQueryKeyValue(op: string, q: Tensor, k: Tensor, v: Tensor): void {
  expectFloat(op, q, k, v);
  const expected = [...q.shape.slice(0, -3), size(k, -3), size(q, -2), size(q, -1)];
  expectShape(op, "k", k, expected);
  expectShape(op, "v", v, expected);
}

function checkBias(bias: Tensor, q: Tensor, k: Tensor): void {
  expectFloat("attention", bias);
  const wanted = [size(q, -2), size(q, -3), size(k, -3)];
  const fits =
    bias.rank === 3 &&
    (size(bias, 0) === wanted[0] || size(bias, 0) === 1) &&
    (size(bias, 1) === wanted[1] || size(bias, 1) === 1) &&
    size(bias, 2) === wanted[2];
  if (!fits) shapeError("attention", "the bias", `${shapeText(wanted)} or 1 in front`, bias);
}

function dense(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions, withLse: boolean) {
  const op = "attention";
  expectRank(op, "q", q, 3, 4);
  checkQueryKeyValue(op, q, k, v);
  if (options.bias !== undefined) checkBias(options.bias, q, k);
  const validKeys = checkKeys(op, options.validKeys, size(k, -3));
  const scale = options.scale ?? 1 / Math.sqrt(size(q, -1));
  const keys = validKeys < 0 ? size(k, -3) : validKeys;
  return launchAll(
    op,
    {
      inputs: [q, k, v, options.bias ?? null],
      attributes: [scale, validKeys],
      flops: 4 * q.numel * keys,
    },
    outputs(op, q, options.into, withLse),
  );
}

function outputs(op: string, q: Tensor, into: Tensor | undefined, withLse: boolean) {
  const lse = [...q.shape.slice(0, -3), size(q, -2), size(q, -3)];
  return [
    outputIn(op, { shape: q.shape, dtype: activationType(q) }, into),
    withLse ? { shape: lse, dtype: "f32" as const } : null,
  ];
}

/** softmax(scale q k^T + bias) v: q [B?, Sq, H, D], k and v [B?, Sk, H, D]; result like q. */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  return dense(q, k, v, options, false)[0] as Tensor;
}

/** `attention` with the log-sum-exp of its rows, by which parts of an attention can be joined. */
export function attentionWithLse(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: AttentionOptions = {},
): AttentionWithLse {
  const [out, lse] = dense(q, k, v, options, true);
  return { out: out as Tensor, lse: lse as Tensor };
}

function sparse(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  mask: DeviceBlockMask,
  options: Omit<AttentionOptions, "bias">,
  withLse: boolean,
) {
  const op = "block_sparse_attention";
  expectRank(op, "q", q, 3);
  checkQueryKeyValue(op, q, k, v);
  if (mask.blockSize !== 64 && mask.blockSize !== 128) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected blocks of 64 or 128 tokens, got ${String(mask.blockSize)}.`,
    );
  }
  const heads = size(q, 1);
  const groups = size(mask.rowPtr, 0);
  expectDType(op, "row_ptr", mask.rowPtr, "i32");
  expectDType(op, "col", mask.col, "i32");
  expectShape(op, "row_ptr", mask.rowPtr, [groups, Math.ceil(size(q, 0) / mask.blockSize) + 1]);
  expectShape(op, "col", mask.col, [groups, size(mask.col, 1)]);
  if (groups !== 1 && groups !== heads) {
    shapeError(op, "row_ptr", `a list for all heads or for each of ${heads}`, mask.rowPtr);
  }
  const validKeys = checkKeys(op, options.validKeys, size(k, 0));
  const scale = options.scale ?? 1 / Math.sqrt(size(q, -1));
  const pairs = (mask.col.numel / groups) * mask.blockSize ** 2;
  return launchAll(
    op,
    {
      inputs: [q, k, v, mask.rowPtr, mask.col],
      attributes: [mask.blockSize, scale, validKeys],
      flops: 4 * heads * size(q, -1) * Math.min(pairs, size(q, 0) * size(k, 0)),
    },
    outputs(op, q, options.into, withLse),
  );
}

/** Attention where only the pairs of blocks in the mask are computed: q, k and v [S, H, D]; the last block may be ragged. */
export function blockSparseAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  mask: DeviceBlockMask,
  options: Omit<AttentionOptions, "bias"> = {},
): Tensor {
  return sparse(q, k, v, mask, options, false)[0] as Tensor;
}

/** `blockSparseAttention` with the log-sum-exp of its rows, [H, S]. */
export function blockSparseAttentionWithLse(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  mask: DeviceBlockMask,
  options: Omit<AttentionOptions, "bias"> = {},
): AttentionWithLse {
  const [out, lse] = sparse(q, k, v, mask, options, true);
  return { out: out as Tensor, lse: lse as Tensor };
}
