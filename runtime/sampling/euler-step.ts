import { lincomb } from "#runtime/tensor/ops";
import type { Tensor } from "#runtime/tensor/tensor";

/** Along the straight line through the clean estimate: x + (x - D) / sigma (next - sigma), which is D at next = 0. */
export function eulerStep(x: Tensor, denoised: Tensor, sigma: number, next: number): Tensor {
  const ratio = next / sigma;
  return lincomb(x, denoised, ratio, 1 - ratio);
}
