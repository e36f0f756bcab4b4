import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ERROR_CODES, UmbelError, toUmbelError, type ErrorCode } from "#runtime/errors";

/** A tensor of the addon. `dispose` may be called more than once. */
export interface NativeTensor {
  readonly failed: boolean;
  dispose(): void;
}

/** A file mapped read-only. Tensors made from it stay valid after `close`. */
export interface NativeMapping {
  readonly size: number;
  read(byteOffset: number, bytes: number): ArrayBuffer;
  willNeed(byteOffset: number, bytes: number): void;
  close(): void;
}

export type NativeInput = NativeTensor | null | readonly NativeTensor[];
export type NativeAttribute = number | boolean | readonly number[];

export interface MemoryUse {
  /** Tensor handles that are not disposed, views included. */
  readonly liveTensors: number;
  /** Bytes that those handles reach, whether they were allocated yet or not; mapped files do not count. */
  readonly liveBytes: number;
  /** Bytes that exist now, scratch memory of the running op included. */
  readonly allocatedBytes: number;
  /** Bytes of host memory for transfers, pinned on CUDA, that exist now. */
  readonly hostBytes: number;
  /** The most that `allocatedBytes` has been since `resetPeak`. */
  readonly peakBytes: number;
}

export interface NativeDevice {
  readonly threads: number;
  /** The kernels that ops use: an instruction set, or "sm90" or "portable" on a GPU. */
  readonly isa: string;
  empty(shape: readonly number[], dtype: string): NativeTensor;
  zeros(shape: readonly number[], dtype: string): NativeTensor;
  emptyOnHost(shape: readonly number[], dtype: string): NativeTensor;
  transfer(source: NativeTensor, target: NativeTensor): void;
  upload(bytes: Uint8Array, shape: readonly number[], dtype: string): NativeTensor;
  fromMapping(
    mapping: NativeMapping,
    byteOffset: number,
    shape: readonly number[],
    dtype: string,
  ): NativeTensor;
  view(
    tensor: NativeTensor,
    shape: readonly number[],
    strides: readonly number[],
    offset: number,
    dtype: string,
  ): NativeTensor;
  run(
    op: string,
    inputs: readonly NativeInput[],
    attributes: readonly NativeAttribute[],
    outputs: readonly (NativeTensor | null)[],
  ): void;
  sync(): Promise<void>;
  read(tensor: NativeTensor, dtype: string): Promise<ArrayBuffer>;
  interrupt(): void;
  memory(): MemoryUse;
  resetPeak(): void;
}

export interface NativeDeviceOptions {
  device?: "cpu" | "cuda";
  threads?: number;
  precision?: "f32" | "bf16";
  isa?: string;
  memoryLimit?: number;
}

/** One op of native/include/ops.h; `isa` is null where this build has no CPU kernel for it, `cuda` tells whether it has one for GPUs. */
export interface NativeOp {
  readonly name: string;
  readonly codes: string;
  readonly isa: string | null;
  readonly cuda: boolean;
}

/** What this machine and this build offer in CUDA. */
export interface CudaInfo {
  readonly available: boolean;
  /** Why it is not, without a full stop; empty when it is. */
  readonly reason: string;
  readonly name: string;
  /** Compute capability, "9.0". */
  readonly capability: string;
  /** "sm90" or "portable". */
  readonly kernels: string;
  /** What multiplies matrices: "cuBLASLt 13.1.0", or why our own kernels do. */
  readonly matrixLibrary: string;
  readonly memoryBytes: number;
  readonly freeBytes: number;
}

export interface NativeAddon {
  createDevice(options: NativeDeviceOptions): NativeDevice;
  mapFile(path: string): NativeMapping;
  listOps(isa?: string): NativeOp[];
  cudaInfo(): CudaInfo;
}

// From native/ of the sources and from dist/native/ of a build alike.
const PLACES = [
  "./build/Release/umbel.node",
  "../../native/build/Release/umbel.node",
  `./prebuilds/${process.platform}-${process.arch}/umbel.node`,
  `../../native/prebuilds/${process.platform}-${process.arch}/umbel.node`,
];

let loaded: NativeAddon | undefined;

/** The addon's file. UMBEL_ADDON names another one. Throws ERR_DEVICE when it is not built. */
export function addonPath(): string {
  const chosen = process.env["UMBEL_ADDON"];
  const candidates =
    chosen === undefined || chosen === ""
      ? PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)))
      : [resolve(chosen)];
  const path = candidates.find((candidate) => existsSync(candidate));
  if (path !== undefined) return path;
  throw new UmbelError(
    "ERR_DEVICE",
    `Expected the native addon, got none for ${process.platform}-${process.arch}. ` +
      "Run `npm run native:build`.",
  );
}

/** The addon, loaded once. Throws ERR_DEVICE when it is not built or does not load. */
export function loadAddon(): NativeAddon {
  if (loaded !== undefined) return loaded;
  const path = addonPath();
  try {
    loaded = createRequire(import.meta.url)(path) as NativeAddon;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UmbelError(
      "ERR_DEVICE",
      `Expected the native addon to load, got: ${reason}. Run \`npm run native:build\`.`,
      { cause },
    );
  }
  return loaded;
}

const CODES: ReadonlySet<string> = new Set(ERROR_CODES);

/** An error of the addon, `{ code, message }`, as an UmbelError. */
export function fromNativeError(error: unknown): UmbelError {
  if (error instanceof Error && "code" in error && typeof error.code === "string") {
    if (CODES.has(error.code)) return new UmbelError(error.code as ErrorCode, error.message);
  }
  return toUmbelError(error);
}

/** Calls into the addon; what it throws becomes an UmbelError. */
export function native<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fromNativeError(error);
  }
}
