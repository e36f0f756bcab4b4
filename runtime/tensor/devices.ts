import { UmbelError, assertNever } from "#runtime/errors";
import { CpuDevice } from "./cpu-device.ts";
import type { Device } from "./device.ts";

export { mapFile } from "./file-mapping.ts";

export interface DeviceOptions {
  /** Threads that one op may use; by default the physical cores. */
  threads?: number;
  /** "bf16" lets matrix products round their inputs where that is faster. */
  precision?: "f32" | "bf16";
  /** Bytes that tensors may take before ops fail with ERR_OUT_OF_MEMORY; by default the machine's memory. */
  memoryLimit?: number;
}

/** Opens a device. Throws ERR_DEVICE where it does not exist, ERR_INVALID_ARGUMENT for wrong options. */
export function openDevice(name: "cpu", options?: DeviceOptions): CpuDevice;
export function openDevice(name: "cpu" | "cuda" | "null", options?: DeviceOptions): Device;
export function openDevice(name: "cpu" | "cuda" | "null", options: DeviceOptions = {}): Device {
  switch (name) {
    case "cpu":
      return new CpuDevice(options);
    case "cuda":
    case "null":
      throw new UmbelError("ERR_DEVICE", `Expected the cpu or null device, got ${name}.`);
    default:
      return assertNever(name);
  }
}
