/**
 * Memory that an op takes on CUDA while it is launched, beside its operands and results (native/cuda): operands in the
 * form that its kernel wants (rounded, or quantised with scales), sums on their way through cuBLASLt, and that library's
 * workspace.
 */
import type { OpInput } from "./device.ts";
import { dtypeSize, type DType } from "./layout.ts";
import type { Tensor } from "./tensor.ts";

/** CublasLt::kWorkspaceBytes. */
const MATRIX_WORKSPACE = 32 * 2 ** 20;
/** Products of so few rows have a kernel of their own, which takes any type. */
const FEW_ROWS = 8;
const ALIGNMENT = 512;

/** How many of an op's first inputs its kernel wants in bfloat16, where matrix products are rounded to it. */
const ROUNDED_INPUTS: Readonly<Record<string, number>> = {
  linear: 2,
  linear_gated_residual: 2,
  conv3d: 4,
  attention: 3,
  block_sparse_attention: 3,
};
/** Inputs that kernels take in their storage type, by position (code W, M, V and X of native/include/ops.h). */
const STORED_INPUTS: Readonly<Record<string, readonly number[]>> = {
  cast: [0],
  copy: [0],
  embedding: [0],
  linear: [1, 2],
  linear_gated_residual: [1, 2],
  linear_scaled: [1, 3],
  linear_scaled_gated_residual: [1, 3],
  lora_merge: [0, 1, 2],
  conv3d: [3, 4],
};

const SCALED_PRODUCTS = new Set(["linear_scaled", "linear_scaled_gated_residual"]);

export function cudaScratch(
  op: string,
  inputs: readonly OpInput[],
  outputs: readonly (Tensor | null)[],
  compute: "f32" | "bf16",
): number {
  let bytes = 0;
  const [out] = outputs;
  const width = out?.shape.at(-1) ?? 1;
  const rows = (out?.numel ?? 0) / width;
  const scaled = SCALED_PRODUCTS.has(op);
  const product = scaled || op === "linear" || op === "linear_gated_residual";
  const rounds = compute === "bf16" && !(product && rows <= FEW_ROWS);
  for (const [i, input] of inputs.entries()) {
    for (const tensor of listOf(input)) {
      bytes += preparedBytes(tensor, {
        anyLayout:
          op === "cast" || op === "copy" || (op === "attention" && i === 3 && hasRows(tensor)),
        stored: Array.isArray(input) || (STORED_INPUTS[op]?.includes(i) ?? false),
        rounded: rounds && i < (ROUNDED_INPUTS[op] ?? 0),
      });
      if (op === "conv3d" && rounds && i < (ROUNDED_INPUTS[op] ?? 0)) bytes += filledBytes(tensor);
    }
  }
  for (const output of outputs) {
    if (output !== null && !isPlain(output.dtype) && !writesAnyType(op))
      bytes += space(output, "f32");
  }
  if (product && rounds) {
    bytes += MATRIX_WORKSPACE;
    if (op.endsWith("_gated_residual") && out) bytes += space(out, "bf16");
  }
  if (scaled) bytes += quantisedBytes(inputs[0] as Tensor, inputs[1] as Tensor, rounds);
  return bytes;
}

interface Wanted {
  readonly anyLayout: boolean;
  readonly stored: boolean;
  readonly rounded: boolean;
}

/** Bytes of the copies that bring an operand into the form its kernel wants. */
function preparedBytes(tensor: Tensor, { anyLayout, stored, rounded }: Wanted): number {
  let bytes = 0;
  let { dtype } = tensor;
  if (!stored && !isPlain(dtype)) {
    dtype = "f32";
    bytes += space(tensor, dtype);
  } else if (!anyLayout && !tensor.isContiguous) {
    bytes += space(tensor, dtype);
  }
  if (rounded && dtype !== "bf16") bytes += space(tensor, "bf16");
  return bytes;
}

/**
 * What scaled products take: x in float8 and a scale for each of its rows; on a GPU that does not multiply float8 (before
 * sm_89) both operands in bfloat16 instead.
 */
function quantisedBytes(x: Tensor, w: Tensor, rounds: boolean): number {
  const rows = x.numel / (x.shape.at(-1) ?? 1);
  const quantised = space(x, "f8_e4m3") + aligned(rows * dtypeSize("f32"));
  if (!rounds) return quantised;
  return Math.max(quantised, space(w, "bf16") + (x.dtype === "bf16" ? 0 : space(x, "bf16")));
}

/** Convolutions take channels in groups of eight; others are filled up. */
function filledBytes({ shape, numel }: Tensor): number {
  const channels = shape.at(-1) ?? 0;
  return channels % 8 === 0 ? 0 : (2 * numel * Math.ceil(channels / 8) * 8) / channels;
}

function listOf(input: OpInput): readonly Tensor[] {
  if (input === null) return [];
  return Array.isArray(input) ? (input as readonly Tensor[]) : [input as Tensor];
}

/** A bias is read as it lies where its keys lie side by side. */
function hasRows({ dtype, strides }: Tensor): boolean {
  return dtype === "f32" && strides.at(-1) === 1;
}

function isPlain(dtype: DType): boolean {
  return dtype !== "f16" && dtype !== "f8_e4m3" && dtype !== "f8_e5m2";
}

function writesAnyType(op: string): boolean {
  return op === "cast" || op === "copy" || op === "cat" || op === "lora_merge";
}

function space(tensor: Tensor, dtype: DType): number {
  return aligned(tensor.numel * dtypeSize(dtype));
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
