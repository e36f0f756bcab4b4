import { launch } from "./launch.ts";
import type { Tensor } from "./tensor.ts";

/** a x + b, element-wise. */
export function affine(x: Tensor, a: number, b: number): Tensor {
  return launch(
    "affine",
    { inputs: [x], attributes: [a, b], flops: 2 * x.numel },
    { shape: x.shape, dtype: "f32" },
  );
}
