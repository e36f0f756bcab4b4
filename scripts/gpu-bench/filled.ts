import { copy } from "#runtime/tensor/ops";
import { contiguousStrides } from "#runtime/tensor/layout";
import type { Device } from "#runtime/tensor/device";
import { scope } from "#runtime/tensor/scope";
import type { DType, Tensor } from "#runtime/tensor/tensor";

const PERIOD = 65_521;

/** Numbers in [-1, 1) that repeat after a prime number of elements. */
export function filled(device: Device, shape: readonly number[], dtype: DType = "bf16"): Tensor {
  const count = shape.reduce((product, length) => product * length, 1);
  const values = Float32Array.from({ length: PERIOD }, (_, i) => ((i * 40_503) % PERIOD) / PERIOD);
  return scope(() => {
    const piece = device.tensor(
      values.map((v) => 2 * v - 1),
      [1, PERIOD],
      dtype,
    );
    const rows = Math.ceil(count / PERIOD);
    const repeated = copy(device.view(piece, [rows, PERIOD], [0, 1], 0));
    return device.view(repeated, shape, contiguousStrides(shape), 0);
  });
}
