import { UmbelError } from "#runtime/errors";
import type { OpAttribute, OpInput } from "./device.ts";
import type { DType } from "./layout.ts";
import { shapeText } from "./layout.ts";
import { Tensor } from "./tensor.ts";

/** What one output is to be; null leaves an optional output out. */
export interface OutputSpec {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

export interface Launch {
  readonly inputs: readonly OpInput[];
  readonly attributes?: readonly OpAttribute[];
  /** Floating-point operations, for the count of the null device. */
  readonly flops?: number;
}

/**
 * An output of that shape: a new tensor of a type, or the given one, which must be as a new one would be. Throws ERR_SHAPE,
 * ERR_DTYPE.
 */
export function outputIn(
  op: string,
  { shape, dtype }: OutputSpec,
  into: Tensor | undefined,
): OutputSpec | Tensor {
  if (into === undefined) return { shape, dtype };
  if (shapeText(into.shape) !== shapeText(shape) || !into.isContiguous) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected a contiguous tensor of ${shapeText(shape)} for the result of ${op}, got ${shapeText(into.shape)}.`,
    );
  }
  if (into.dtype !== dtype) {
    throw new UmbelError(
      "ERR_DTYPE",
      `Expected a tensor of ${dtype} for the result of ${op}, got ${into.dtype}.`,
    );
  }
  return into;
}

/** Where a result of any type goes: into a new tensor of that type, or into a tensor. */
export type Target = DType | Tensor;

/** An output of that shape where it is to go. Throws ERR_SHAPE. */
export function outputTo(op: string, shape: readonly number[], to: Target): OutputSpec | Tensor {
  return to instanceof Tensor ? outputIn(op, { shape, dtype: to.dtype }, to) : { shape, dtype: to };
}

/** Makes the outputs that are not there yet and enqueues an op; when it cannot be enqueued no new output is left behind. */
export function launchAll(
  op: string,
  launch: Launch,
  outputs: readonly (OutputSpec | Tensor | null)[],
): (Tensor | null)[] {
  const first = launch.inputs.flat().find((input) => input !== null && input !== undefined);
  if (first === undefined || first === null) {
    throw new UmbelError("ERR_INVALID_ARGUMENT", `Expected ${op} to have an input, got none.`);
  }
  const { device } = first;
  const made: Tensor[] = [];
  try {
    const tensors = outputs.map((output) => {
      if (output === null || output instanceof Tensor) return output;
      const tensor = device.empty(output.shape, output.dtype);
      made.push(tensor);
      return tensor;
    });
    device.run(op, launch.inputs, launch.attributes ?? [], tensors, launch.flops ?? 0);
    return tensors;
  } catch (error) {
    for (const tensor of made) tensor[Symbol.dispose]();
    throw error;
  }
}

/** `launchAll` for an op with one output. */
export function launch(op: string, call: Launch, output: OutputSpec | Tensor): Tensor {
  const [tensor] = launchAll(op, call, [output]);
  if (tensor === undefined || tensor === null) {
    throw new UmbelError("ERR_INTERNAL", `Expected ${op} to have an output.`);
  }
  return tensor;
}
