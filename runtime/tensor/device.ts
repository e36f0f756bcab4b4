import type { MemoryUse, NativeMapping } from "#native";
import type { DType } from "./layout.ts";
import type { Tensor } from "./tensor.ts";

export type { MemoryUse } from "#native";

/** A file mapped read-only, see `mapFile`. Tensors made from it stay valid after `close`. */
export interface FileMapping extends Disposable {
  readonly path: string;
  readonly size: number;
  /** Copies bytes out. Throws ERR_FILE outside the file. */
  read(byteOffset: number, bytes: number): Uint8Array;
  /** Tells the system that a range will be read soon. */
  willNeed(byteOffset: number, bytes: number): void;
  close(): void;
  /** @internal */
  readonly native: NativeMapping;
}

export type OpInput = Tensor | null | readonly Tensor[];
export type OpAttribute = number | boolean | readonly number[];

/** Memory and work of one tensor, as its device holds them. */
export interface TensorHandle {
  readonly failed: boolean;
  dispose(): void;
}

/**
 * Where tensors live and ops run. Ops are enqueued in order and return at once; only `sync` and the reads of a tensor
 * wait. When an op fails, later ones are skipped until `sync` or a read rejects with its error, which clears it.
 */
export interface Device {
  readonly name: "cpu" | "cuda" | "null";
  /** The precision of matrix products. */
  readonly compute: "f32" | "bf16";
  /** How results of norms, convolutions and attention are stored, see activation-type.ts. */
  readonly activations: "f32" | "bf16";
  /** Worker threads that an op may use. */
  readonly threads: number;

  /** Copies `data`, stored as `dtype` (by default that of the array). Throws ERR_SHAPE, ERR_DTYPE, ERR_OUT_OF_MEMORY. */
  tensor(
    data: Float32Array | Int32Array | Uint8Array,
    shape: readonly number[],
    dtype?: DType,
  ): Tensor;
  /** Unset contents; float32 unless asked otherwise. */
  empty(shape: readonly number[], dtype?: DType): Tensor;
  zeros(shape: readonly number[], dtype?: DType): Tensor;
  /**
   * A tensor in the host's memory, pinned on CUDA, for `transfer` alone: no op takes it. How much there may be is up to
   * who asks.
   */
  emptyOnHost(shape: readonly number[], dtype: DType): Tensor;
  /**
   * Copies the bytes of `source` to `target`, one of which is of `emptyOnHost`; both contiguous and of one size. A copy to
   * the device runs beside ops that were enqueued after it, but for those that use `target`, and after all before it.
   */
  transfer(source: Tensor, target: Tensor): void;
  /** Copies the stored form of a tensor. */
  fromBytes(bytes: Uint8Array, shape: readonly number[], dtype: DType): Tensor;
  /** A tensor that reads from a mapped file, without a copy on the CPU. Throws ERR_FILE outside the file. */
  fromMapping(
    mapping: FileMapping,
    byteOffset: number,
    shape: readonly number[],
    dtype: DType,
  ): Tensor;

  /** Resolves when everything enqueued so far is done; rejects with its error, which is then cleared. */
  sync(): Promise<void>;
  /**
   * Ends everything enqueued so far early: pending `sync` and reads reject ERR_INTERRUPTED, or the next one when none is
   * pending. What is enqueued after that runs. Does nothing on an idle device.
   */
  interrupt(): void;
  memory(): MemoryUse;
  resetPeak(): void;
  /** Floating-point operations enqueued since the device was opened, by op. */
  flops(): ReadonlyMap<string, number>;

  /** @internal Enqueues an op of native/include/ops.h. Shapes and types were checked by ops.ts. */
  run(
    op: string,
    inputs: readonly OpInput[],
    attributes: readonly OpAttribute[],
    outputs: readonly (Tensor | null)[],
    flops?: number,
  ): void;
  /** @internal Another shape, strides and offset (in elements) over the same storage, which `dtype` reads otherwise. */
  view(
    tensor: Tensor,
    shape: readonly number[],
    strides: readonly number[],
    offset: number,
    dtype?: DType,
  ): Tensor;
  /** @internal The elements in row-major order, converted. */
  readBytes(tensor: Tensor, dtype: DType): Promise<ArrayBuffer>;
}
