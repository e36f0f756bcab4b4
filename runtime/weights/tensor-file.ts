import type { TensorInfo } from "#runtime/sdk/model";
import type { BlockFormat } from "#runtime/tensor/block-format";
import type { Device } from "#runtime/tensor/device";
import type { Tensor } from "#runtime/tensor/tensor";

/** One tensor of a file. */
export interface TensorEntry extends TensorInfo {
  /** The type as the file names it ("BF16", "F8_E4M3", "I64" ...). */
  readonly storedType: string;
  /** File that holds it, a shard where there are several. */
  readonly path: string;
  readonly byteOffset: number;
  readonly bytes: number;
  /** Blocks in which it is stored; absent for elements that stand for themselves. `dtype` is what they become. */
  readonly blocks?: BlockFormat;
}

/** What every checkpoint format offers: names and shapes at once, data when asked. */
export interface TensorFile extends Disposable {
  readonly path: string;
  /** Bytes of all its files. */
  readonly size: number;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Files that the format carries beside its tensors, by the names that they have as tensors elsewhere. */
  readonly embedded?: ReadonlyMap<string, () => Uint8Array>;
  /**
   * A tensor that reads from the mapped file, blocks dequantized in float32; the caller disposes it, and it outlives this
   * object. Throws ERR_MISSING_TENSOR, ERR_CHECKPOINT for a type that ops cannot read.
   */
  tensor(name: string, device: Device): Tensor;
  /** The stored bytes of a tensor, as `tensor` reads them. */
  stored(name: string, device: Device): Tensor;
  /** The stored bytes of a (small) tensor. Throws ERR_MISSING_TENSOR. */
  read(name: string): Uint8Array<ArrayBuffer>;
}
