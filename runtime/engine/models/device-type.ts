import type { Device } from "#runtime/tensor/device";
import { dtypeSize, isFloat, type DType } from "#runtime/tensor/layout";

/**
 * Type in which a weight is kept on a device with memory of its own, so that no op converts it again: matrices in what
 * products round them to, anything else in float32 or bfloat16. Float8 matrices stay as they are, for their size.
 */
export function deviceType(
  { compute }: Pick<Device, "compute">,
  stored: DType,
  isMatrix: boolean,
): DType {
  if (!isFloat(stored) || stored === "bf16") return stored;
  if (isMatrix && dtypeSize(stored) === 1) return stored;
  return isMatrix && compute === "bf16" ? "bf16" : "f32";
}
