import { UmbelError } from "#runtime/errors";
import type { OpAttribute, OpInput } from "./device.ts";
import type { DType } from "./layout.ts";
import type { Tensor } from "./tensor.ts";

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

/** Makes the outputs and enqueues an op; when it cannot be enqueued no output is left behind. */
export function launchAll(
  op: string,
  launch: Launch,
  outputs: readonly (OutputSpec | null)[],
): (Tensor | null)[] {
  const first = launch.inputs.flat().find((input) => input !== null && input !== undefined);
  if (first === undefined || first === null) {
    throw new UmbelError("ERR_INVALID_ARGUMENT", `Expected ${op} to have an input, got none.`);
  }
  const { device } = first;
  const tensors: (Tensor | null)[] = [];
  try {
    for (const spec of outputs) {
      tensors.push(spec === null ? null : device.empty(spec.shape, spec.dtype));
    }
    device.run(op, launch.inputs, launch.attributes ?? [], tensors, launch.flops ?? 0);
  } catch (error) {
    for (const tensor of tensors) tensor?.[Symbol.dispose]();
    throw error;
  }
  return tensors;
}

/** `launchAll` for an op with one output. */
export function launch(op: string, call: Launch, output: OutputSpec): Tensor {
  const [tensor] = launchAll(op, call, [output]);
  if (tensor === undefined || tensor === null) {
    throw new UmbelError("ERR_INTERNAL", `Expected ${op} to have an output.`);
  }
  return tensor;
}
