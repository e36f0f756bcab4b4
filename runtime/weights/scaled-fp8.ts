/**
 * ComfyUI's scaled float8 files: `X.weight` in float8 goes with a scale, value = weight * scale. The scale is
 * `X.scale_weight` beside a marker `scaled_fp8`, or in newer files `X.weight_scale` beside `X.comfy_quant`, which names
 * the format. Scales of inputs serve products of float8 with float8 only and are not needed here.
 */
import { checkpointError, quoted } from "./checkpoint-error.ts";
import type { TensorEntry, TensorFile } from "./tensor-file.ts";

const SCALE = /^(.*\.|)(?:scale_weight|weight_scale)$/;
const SILENT = /(?:^|\.)(?:scale_input|input_scale|scaled_fp8)$/;
const FORMAT = /^(.*\.|)comfy_quant$/;
/** Second scales of four-bit formats. */
const OTHER_SCALE = /\.(?:weight_scale_2|weight_zero_point|weight_scale_inv)$/;

export interface SplitScales {
  readonly weights: ReadonlyMap<string, TensorEntry>;
  /** Weight -> the tensor with its scale. */
  readonly scales: ReadonlyMap<string, string>;
  /** Tensors that belong to the quantisation and are not needed. */
  readonly markers: readonly string[];
}

/** Takes the tensors of the quantisation out. Throws ERR_CHECKPOINT for quantisations other than scaled float8. */
export function splitScales(
  file: TensorFile,
  tensors: ReadonlyMap<string, TensorEntry>,
): SplitScales {
  const weights = new Map<string, TensorEntry>();
  const scales = new Map<string, string>();
  const markers: string[] = [];
  for (const [name, entry] of tensors) {
    const stem = SCALE.exec(name)?.[1];
    const weight = stem === undefined ? undefined : tensors.get(`${stem}weight`);
    if (OTHER_SCALE.test(name)) refuse(file, name, entry.storedType);
    if (stem !== undefined && weight !== undefined) {
      checkScale(file, name, entry, weight);
      scales.set(`${stem}weight`, name);
    } else if (SILENT.test(name)) {
      markers.push(name);
    } else if (FORMAT.test(name)) {
      checkFormat(file, name, tensors.get(`${FORMAT.exec(name)?.[1]}weight`));
      markers.push(name);
    } else {
      weights.set(name, entry);
    }
  }
  return { weights, scales, markers };
}

/** One scale for the tensor, or one a row. */
function checkScale(file: TensorFile, name: string, scale: TensorEntry, weight: TensorEntry): void {
  const count = scale.shape.reduce((product, size) => product * size, 1);
  const rows = weight.shape[0] ?? 1;
  if (count === 1 || (count === rows && scale.shape[0] === rows)) return;
  throw checkpointError(
    file.path,
    `tensor ${quoted(name)}: Expected one scale, or one for each of ${rows} rows, got ` +
      `[${scale.shape.join(", ")}]. Block-wise scales are not read`,
  );
}

function checkFormat(file: TensorFile, name: string, weight: TensorEntry | undefined): void {
  const dtype = weight?.dtype;
  if (dtype !== "f8_e4m3" && dtype !== "f8_e5m2") refuse(file, name, weight?.storedType ?? "none");
}

function refuse(file: TensorFile, name: string, type: string): never {
  throw checkpointError(
    file.path,
    `tensor ${quoted(name)}: Expected scaled float8 weights, got another quantisation (${type}). ` +
      "Use the fp8, fp16 or bf16 file of the model",
  );
}
