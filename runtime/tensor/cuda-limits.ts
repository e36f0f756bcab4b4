import { UmbelError } from "#runtime/errors";
import type { OpInput } from "./device.ts";
import { Tensor } from "./tensor.ts";

/** Widest attention head of the CUDA backend (kWidestHead in native/cuda/attention.cc). */
const WIDEST_HEAD = 512;

/** Refuses what the kernels of the CUDA backend do, so that a plan finds it too. */
export function checkCudaLimits(op: string, inputs: readonly OpInput[]): void {
  const [q] = inputs;
  if (op !== "attention" || !(q instanceof Tensor)) return;
  const width = q.shape.at(-1) ?? 0;
  if (width <= WIDEST_HEAD) return;
  throw new UmbelError(
    "ERR_SHAPE",
    `Expected attention heads of at most ${WIDEST_HEAD} channels on a GPU, got ${width}.`,
  );
}
