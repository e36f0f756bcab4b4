import { loadAddon, native, type CudaInfo } from "#native";
import { AddonDevice } from "./addon-device.ts";

export interface CudaDeviceOptions {
  /** "f32" keeps activations in float32 and multiplies without tensor cores; bf16 by default. */
  readonly precision?: "f32" | "bf16";
  /** Bytes of GPU memory that may be used; by default what is free, less a margin. */
  readonly memoryLimit?: number;
}

/** Left to the driver and to other programs when no limit is given, as in native/cuda/device.cc. */
const MARGIN_BYTES = 512 * 2 ** 20;

/** Bytes that a CUDA device may use when nothing else is said. */
export function defaultMemoryLimit(freeBytes: number): number {
  return Math.max(freeBytes - MARGIN_BYTES, 2 ** 20);
}

/** The first NVIDIA GPU: ops are launched in order on one stream. Throws ERR_DEVICE where there is none. */
export class CudaDevice extends AddonDevice {
  readonly name = "cuda";
  readonly compute: "f32" | "bf16";
  readonly activations: "f32" | "bf16";
  /** Bytes that may be used. */
  readonly memoryLimit: number;

  constructor({ precision = "bf16", memoryLimit }: CudaDeviceOptions = {}) {
    const { freeBytes } = cudaInfo();
    super({
      device: "cuda",
      precision,
      ...(memoryLimit === undefined ? {} : { memoryLimit }),
    });
    this.compute = precision;
    this.activations = precision;
    this.memoryLimit = memoryLimit ?? defaultMemoryLimit(freeBytes);
  }
}

/** The GPU that a CUDA device would use, or why there is none. */
export function cudaInfo(): CudaInfo {
  return native(() => loadAddon().cudaInfo());
}
