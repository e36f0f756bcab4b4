import { assertNever, toUmbelError } from "#runtime/errors";
import { CpuDevice } from "./cpu-device.ts";
import { CudaDevice, cudaInfo, defaultMemoryLimit } from "./cuda-device.ts";
import type { Device } from "./device.ts";
import { NullDevice } from "./null-device.ts";

export { mapFile } from "./file-mapping.ts";

export type DeviceName = "cpu" | "cuda" | "null";

export interface DeviceOptions {
  /** Threads that one op may use; by default the physical cores. */
  threads?: number;
  /** "bf16" lets matrix products round their inputs where that is faster. By default f32 on the CPU, bf16 on CUDA. */
  precision?: "f32" | "bf16";
  /** Bytes that tensors may take before ops fail with ERR_OUT_OF_MEMORY; by default the machine's memory, or what is free on the GPU. */
  memoryLimit?: number;
  /** Caps the instruction set: scalar, avx2, avx512, avx512_bf16 or neon; by default UMBEL_ISA or what there is. */
  isa?: string;
}

/** Opens a device. Throws ERR_DEVICE where it does not exist, ERR_INVALID_ARGUMENT for wrong options. */
export function openDevice(name: "cpu", options?: DeviceOptions): CpuDevice;
export function openDevice(name: "cuda", options?: DeviceOptions): CudaDevice;
export function openDevice(name: "null", options?: DeviceOptions): NullDevice;
export function openDevice(name: DeviceName, options?: DeviceOptions): Device;
export function openDevice(name: DeviceName, options: DeviceOptions = {}): Device {
  switch (name) {
    case "cpu":
      return new CpuDevice(options);
    case "null":
      return new NullDevice();
    case "cuda":
      return new CudaDevice(options);
    default:
      return assertNever(name);
  }
}

/** Bytes of the GPU that a device would use when nothing else is said; null where there is none. */
export function gpuMemory(): number | null {
  const info = cudaInfo();
  return info.available ? defaultMemoryLimit(info.freeBytes) : null;
}

/** One line for people: what a device's ops run on, or why it cannot be opened. */
export function describeDevice(name: DeviceName | "auto"): string {
  if (name === "auto") {
    const cuda = describeDevice("cuda");
    return cuda.startsWith("cuda (not") ? `${describeDevice("cpu")}; ${cuda}` : cuda;
  }
  if (name === "null") return "null (checks shapes, counts memory and operations)";
  try {
    return name === "cuda" ? describeCuda() : describeCpu();
  } catch (error) {
    return `${name} (not available: ${toUmbelError(error).message})`;
  }
}

function describeCpu(): string {
  const device = openDevice("cpu");
  return `cpu (${device.isa}, ${device.threads} threads)`;
}

function describeCuda(): string {
  const info = cudaInfo();
  if (!info.available) return `cuda (not available: ${info.reason})`;
  const gibibytes = (bytes: number) => (bytes / 2 ** 30).toFixed(1);
  return (
    `cuda (${info.name}, compute capability ${info.capability}, ${gibibytes(info.freeBytes)} of ` +
    `${gibibytes(info.memoryBytes)} GiB free, ${info.kernels} kernels, ${info.matrixLibrary}, bf16 by default)`
  );
}
