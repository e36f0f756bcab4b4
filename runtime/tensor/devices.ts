import { UmbelError, assertNever, toUmbelError } from "#runtime/errors";
import { CpuDevice } from "./cpu-device.ts";
import type { Device } from "./device.ts";
import { NullDevice } from "./null-device.ts";

export { mapFile } from "./file-mapping.ts";

export type DeviceName = "cpu" | "cuda" | "null";

export interface DeviceOptions {
  /** Threads that one op may use; by default the physical cores. */
  threads?: number;
  /** "bf16" lets matrix products round their inputs where that is faster. */
  precision?: "f32" | "bf16";
  /** Bytes that tensors may take before ops fail with ERR_OUT_OF_MEMORY; by default the machine's memory. */
  memoryLimit?: number;
  /** Caps the instruction set: scalar, avx2, avx512, avx512_bf16 or neon; by default UMBEL_ISA or what there is. */
  isa?: string;
}

/** Opens a device. Throws ERR_DEVICE where it does not exist, ERR_INVALID_ARGUMENT for wrong options. */
export function openDevice(name: "cpu", options?: DeviceOptions): CpuDevice;
export function openDevice(name: "null", options?: DeviceOptions): NullDevice;
export function openDevice(name: DeviceName, options?: DeviceOptions): Device;
export function openDevice(name: DeviceName, options: DeviceOptions = {}): Device {
  switch (name) {
    case "cpu":
      return new CpuDevice(options);
    case "null":
      return new NullDevice();
    case "cuda":
      throw new UmbelError(
        "ERR_DEVICE",
        "Expected a device of this build, cpu or null, got cuda. Use cpu.",
      );
    default:
      return assertNever(name);
  }
}

/** One line for people: the instruction sets that a device's ops use, or why it cannot be opened. */
export function describeDevice(name: DeviceName): string {
  if (name === "null") return "null (checks shapes, counts memory and operations)";
  try {
    const device = openDevice(name);
    const isa = device instanceof CpuDevice ? device.isa : name;
    return `${name} (${isa}, ${device.threads} threads)`;
  } catch (error) {
    return `${name} (not available: ${toUmbelError(error).message})`;
  }
}
