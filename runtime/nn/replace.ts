import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";

/** Computes what follows `x` in a scope of its own and frees `x`, so that a chain of layers holds one state at a time. */
export function replace(x: Tensor, next: (x: Tensor) => Tensor): Tensor {
  const result = scope(() => next(x));
  if (result !== x) x[Symbol.dispose]();
  return result;
}
