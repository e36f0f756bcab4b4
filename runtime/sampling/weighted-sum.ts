import { affine, lincomb } from "#runtime/tensor/ops";
import type { Tensor } from "#runtime/tensor/tensor";

export type Term = readonly [weight: number, tensor: Tensor];

/** Sum of weighted tensors of one shape, added in order; at least one. Call inside a scope. */
export function weightedSum(first: Term, ...rest: readonly Term[]): Tensor {
  const [second, ...others] = rest;
  if (second === undefined) return affine(first[1], first[0], 0);
  let sum = lincomb(first[1], second[1], first[0], second[0]);
  for (const [weight, tensor] of others) sum = lincomb(sum, tensor, 1, weight);
  return sum;
}
