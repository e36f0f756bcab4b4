import { UmbelError } from "#runtime/errors";
import { checkCudaLimits } from "./cuda-limits.ts";
import { cudaScratch } from "./cuda-scratch.ts";
import type {
  Device,
  FileMapping,
  MemoryUse,
  OpAttribute,
  OpInput,
  TensorHandle,
} from "./device.ts";
import { arrayDType, checkBytes, checkHostArray, type HostArray } from "./host-array.ts";
import { checkShape, countElements, dtypeSize, type DType } from "./layout.ts";
import { Tensor } from "./tensor.ts";

/** Memory that would exist: taken by the op that writes it first, freed with the last handle. */
interface PlannedStorage {
  readonly bytes: number;
  /** Host memory for transfers is counted apart; what is mapped in place takes none. */
  readonly place: "device" | "host" | "mapped";
  handles: number;
  allocated: boolean;
}

export interface NullDeviceOptions {
  /** The device whose types and memory are counted; the CPU by default. */
  readonly like?: "cpu" | "cuda";
  readonly precision?: "f32" | "bf16";
}

/**
 * A device without data: it checks shapes and counts memory and floating-point operations, so that a model of full size
 * can be planned without weights. Memory is counted in program order, an upper bound of what the CPU takes, whose queue
 * frees a tensor as soon as its last op is done. Like CUDA, activations are bfloat16, what ops take while they run counts,
 * and mapped files are copied.
 */
export class NullDevice implements Device {
  readonly name = "null";
  readonly compute: "f32" | "bf16";
  readonly activations: "f32" | "bf16";
  readonly threads = 1;
  readonly #like: "cpu" | "cuda";
  readonly #flops = new Map<string, number>();
  #liveTensors = 0;
  #liveBytes = 0;
  #allocated = 0;
  #peak = 0;
  #host = 0;

  constructor({
    like = "cpu",
    precision = like === "cuda" ? "bf16" : "f32",
  }: NullDeviceOptions = {}) {
    this.#like = like;
    this.compute = precision;
    this.activations = like === "cuda" ? precision : "f32";
  }

  tensor(data: HostArray, shape: readonly number[], dtype: DType = arrayDType(data)): Tensor {
    checkHostArray(data, shape, dtype);
    return this.#create(shape, dtype, { allocate: true });
  }

  empty(shape: readonly number[], dtype: DType = "f32"): Tensor {
    return this.#create(shape, dtype, {});
  }

  zeros(shape: readonly number[], dtype: DType = "f32"): Tensor {
    return this.#create(shape, dtype, {});
  }

  fromBytes(bytes: Uint8Array, shape: readonly number[], dtype: DType): Tensor {
    checkBytes(bytes.byteLength, shape, dtype);
    return this.#create(shape, dtype, { allocate: true });
  }

  fromMapping(
    mapping: FileMapping,
    byteOffset: number,
    shape: readonly number[],
    dtype: DType,
  ): Tensor {
    const bytes = countElements(shape) * dtypeSize(dtype);
    if (byteOffset < 0 || byteOffset + bytes > mapping.size) {
      throw new UmbelError(
        "ERR_FILE",
        `Expected bytes ${byteOffset} to ${byteOffset + bytes} of ${mapping.path}, ` +
          `got a file of ${mapping.size} bytes.`,
      );
    }
    return this.#create(shape, dtype, this.#like === "cuda" ? {} : { place: "mapped" });
  }

  emptyOnHost(shape: readonly number[], dtype: DType): Tensor {
    return this.#create(shape, dtype, { place: "host" });
  }

  transfer(source: Tensor, target: Tensor): void {
    if (source.bytes !== target.bytes) {
      throw new UmbelError(
        "ERR_SHAPE",
        `Expected two tensors of one size to transfer, got ${source.bytes} and ${target.bytes} bytes.`,
      );
    }
    this.#touch(storageOf(source));
    this.#touch(storageOf(target));
  }

  view(
    tensor: Tensor,
    shape: readonly number[],
    strides: readonly number[],
    offset: number,
    dtype: DType = tensor.dtype,
  ): Tensor {
    const handle = this.#handle(storageOf(tensor));
    return new Tensor(this, handle, { shape, dtype, strides, offset });
  }

  run(
    op: string,
    inputs: readonly OpInput[],
    _attributes: readonly OpAttribute[],
    outputs: readonly (Tensor | null)[],
    flops = 0,
  ): void {
    if (this.#like === "cuda") checkCudaLimits(op, inputs);
    for (const tensor of [...inputs.flat(), ...outputs]) {
      if (tensor !== null) this.#touch(storageOf(tensor));
    }
    if (this.#like === "cuda") {
      const scratch = cudaScratch(op, inputs, outputs, this.compute);
      this.#peak = Math.max(this.#peak, this.#allocated + scratch);
    }
    this.#flops.set(op, (this.#flops.get(op) ?? 0) + flops);
  }

  /** Zeros: a plan goes on where a run would look at values. */
  readBytes(tensor: Tensor): Promise<ArrayBuffer> {
    storageOf(tensor);
    return Promise.resolve(new ArrayBuffer(tensor.bytes));
  }

  /** Gives timers and signals their turn: a plan can be cancelled too. */
  async sync(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
  interrupt(): void {}

  memory(): MemoryUse {
    return {
      liveTensors: this.#liveTensors,
      liveBytes: this.#liveBytes,
      allocatedBytes: this.#allocated,
      hostBytes: this.#host,
      peakBytes: this.#peak,
    };
  }

  resetPeak(): void {
    this.#peak = this.#allocated;
  }

  flops(): ReadonlyMap<string, number> {
    return new Map(this.#flops);
  }

  #create(
    shape: readonly number[],
    dtype: DType,
    options: { allocate?: boolean; place?: PlannedStorage["place"] },
  ): Tensor {
    checkShape(shape);
    const storage: PlannedStorage = {
      bytes: countElements(shape) * dtypeSize(dtype),
      place: options.place ?? "device",
      handles: 0,
      allocated: false,
    };
    if (options.allocate) this.#touch(storage);
    return new Tensor(this, this.#handle(storage), { shape, dtype });
  }

  #touch(storage: PlannedStorage): void {
    if (storage.allocated || storage.place === "mapped") return;
    storage.allocated = true;
    if (storage.place === "host") {
      this.#host += storage.bytes;
      return;
    }
    this.#allocated += storage.bytes;
    this.#peak = Math.max(this.#peak, this.#allocated);
  }

  #handle(storage: PlannedStorage): NullHandle {
    this.#liveTensors++;
    if (storage.handles++ === 0 && storage.place === "device") this.#liveBytes += storage.bytes;
    let disposed = false;
    const dispose = (): void => {
      if (disposed) return;
      disposed = true;
      this.#liveTensors--;
      if (--storage.handles > 0 || storage.place === "mapped") return;
      if (storage.place === "host") {
        if (storage.allocated) this.#host -= storage.bytes;
        return;
      }
      this.#liveBytes -= storage.bytes;
      if (storage.allocated) this.#allocated -= storage.bytes;
    };
    return new NullHandle(storage, dispose);
  }
}

class NullHandle implements TensorHandle {
  readonly failed = false;
  readonly storage: PlannedStorage;
  readonly dispose: () => void;

  constructor(storage: PlannedStorage, dispose: () => void) {
    this.storage = storage;
    this.dispose = dispose;
  }
}

function storageOf(tensor: Tensor): PlannedStorage {
  if (tensor.handle instanceof NullHandle) return tensor.handle.storage;
  throw new UmbelError(
    "ERR_INVALID_ARGUMENT",
    `Expected a tensor of the null device, got one of the ${tensor.device.name} device.`,
  );
}
