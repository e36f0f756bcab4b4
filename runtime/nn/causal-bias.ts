import type { Device } from "#runtime/tensor/device";
import type { Tensor } from "#runtime/tensor/tensor";

/** As good as minus infinity for a softmax in float32, without its NaN. */
const NEVER = -1e30;

/** [1, n, n]: added to attention logits it hides the tokens that follow, and all behind the first `seen`. */
export function causalBias(device: Device, n: number, seen = n): Tensor {
  const values = new Float32Array(n * n);
  for (let row = 0; row < n; row++) {
    values.fill(NEVER, row * n + Math.min(row + 1, seen), (row + 1) * n);
  }
  return device.tensor(values, [1, n, n]);
}
