import {
  fromNativeError,
  loadAddon,
  native,
  type NativeDevice,
  type NativeDeviceOptions,
  type NativeInput,
  type NativeTensor,
} from "#native";
import { UmbelError } from "#runtime/errors";
import type { Device, FileMapping, MemoryUse, OpAttribute, OpInput } from "./device.ts";
import { arrayDType, checkBytes, checkHostArray, type HostArray } from "./host-array.ts";
import { checkShape, type DType } from "./layout.ts";
import { Tensor } from "./tensor.ts";

/** A device of the native addon: a worker thread that runs ops in order. */
export abstract class AddonDevice implements Device {
  abstract readonly name: "cpu" | "cuda";
  abstract readonly compute: "f32" | "bf16";
  abstract readonly activations: "f32" | "bf16";
  readonly #native: NativeDevice;
  readonly #flops = new Map<string, number>();

  protected constructor(options: NativeDeviceOptions) {
    this.#native = native(() => loadAddon().createDevice(options));
  }

  get threads(): number {
    return this.#native.threads;
  }
  /** The kernels that ops use at most: an instruction set, or "sm90" or "portable" on a GPU. */
  get isa(): string {
    return this.#native.isa;
  }

  tensor(data: HostArray, shape: readonly number[], dtype: DType = arrayDType(data)): Tensor {
    checkHostArray(data, shape, dtype);
    const stored = arrayDType(data);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    if (stored === dtype) return this.fromBytes(bytes, shape, dtype);
    const upload = native(() => this.#native.upload(bytes, shape, stored));
    using source = new Tensor(this, upload, { shape, dtype: stored });
    const result = this.empty(shape, dtype);
    this.run("cast", [source], [], [result]);
    return result;
  }

  empty(shape: readonly number[], dtype: DType = "f32"): Tensor {
    checkShape(shape);
    return new Tensor(
      this,
      native(() => this.#native.empty(shape, dtype)),
      { shape, dtype },
    );
  }

  zeros(shape: readonly number[], dtype: DType = "f32"): Tensor {
    checkShape(shape);
    return new Tensor(
      this,
      native(() => this.#native.zeros(shape, dtype)),
      { shape, dtype },
    );
  }

  fromBytes(bytes: Uint8Array, shape: readonly number[], dtype: DType): Tensor {
    checkBytes(bytes.byteLength, shape, dtype);
    const handle = native(() => this.#native.upload(bytes, shape, dtype));
    return new Tensor(this, handle, { shape, dtype });
  }

  fromMapping(
    mapping: FileMapping,
    byteOffset: number,
    shape: readonly number[],
    dtype: DType,
  ): Tensor {
    checkShape(shape);
    const handle = native(() => this.#native.fromMapping(mapping.native, byteOffset, shape, dtype));
    return new Tensor(this, handle, { shape, dtype });
  }

  view(
    tensor: Tensor,
    shape: readonly number[],
    strides: readonly number[],
    offset: number,
    dtype: DType = tensor.dtype,
  ): Tensor {
    const handle = native(() =>
      this.#native.view(this.#handleOf(tensor), shape, strides, offset, dtype),
    );
    return new Tensor(this, handle, { shape, dtype, strides, offset });
  }

  emptyOnHost(shape: readonly number[], dtype: DType): Tensor {
    checkShape(shape);
    const handle = native(() => this.#native.emptyOnHost(shape, dtype));
    return new Tensor(this, handle, { shape, dtype });
  }

  transfer(source: Tensor, target: Tensor): void {
    native(() => this.#native.transfer(this.#handleOf(source), this.#handleOf(target)));
  }

  run(
    op: string,
    inputs: readonly OpInput[],
    attributes: readonly OpAttribute[],
    outputs: readonly (Tensor | null)[],
    flops = 0,
  ): void {
    const handles = inputs.map((input): NativeInput => {
      if (input === null) return null;
      return input instanceof Tensor
        ? this.#handleOf(input)
        : input.map((tensor) => this.#handleOf(tensor));
    });
    const results = outputs.map((output) => (output === null ? null : this.#handleOf(output)));
    native(() => this.#native.run(op, handles, attributes, results));
    this.#flops.set(op, (this.#flops.get(op) ?? 0) + flops);
  }

  async readBytes(tensor: Tensor, dtype: DType): Promise<ArrayBuffer> {
    const handle = this.#handleOf(tensor);
    try {
      return await this.#native.read(handle, dtype);
    } catch (error) {
      throw fromNativeError(error);
    }
  }

  async sync(): Promise<void> {
    try {
      await this.#native.sync();
    } catch (error) {
      throw fromNativeError(error);
    }
  }

  interrupt(): void {
    this.#native.interrupt();
  }
  memory(): MemoryUse {
    return this.#native.memory();
  }
  resetPeak(): void {
    this.#native.resetPeak();
  }
  flops(): ReadonlyMap<string, number> {
    return new Map(this.#flops);
  }

  #handleOf(tensor: Tensor): NativeTensor {
    if (tensor.device !== this) {
      throw new UmbelError(
        "ERR_INVALID_ARGUMENT",
        `Expected a tensor of this device, got one of another ${tensor.device.name} device.`,
      );
    }
    return tensor.handle;
  }
}
