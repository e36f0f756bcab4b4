import { linear } from "#runtime/tensor/ops";
import type { Tensor } from "#runtime/tensor/tensor";

/** The mean of the rows of x [n, C], n at least 1: [1, C]. */
export function meanRow(x: Tensor): Tensor {
  const [rows = 0] = x.shape;
  const share = x.device.tensor(new Float32Array(rows).fill(1 / rows), [1, rows]);
  return linear(share, x.permute([1, 0]).contiguous(), null);
}
