/**
 * A device that computes at once, in JavaScript and float32, and lets tests look into tensors synchronously: for model
 * functions that no op expresses. Knows the element-wise ops that samplers use.
 */
import type { Device, MemoryUse, OpAttribute, OpInput } from "#runtime/tensor/device";
import type { DType } from "#runtime/tensor/layout";
import { Tensor } from "#runtime/tensor/tensor";

class HostHandle {
  readonly failed = false;
  readonly data: Float32Array;
  readonly dispose: () => void;

  constructor(data: Float32Array, dispose: () => void) {
    this.data = data;
    this.dispose = dispose;
  }
}

export class HostDevice implements Device {
  readonly name = "cpu";
  readonly compute = "f32";
  readonly activations = "f32";
  readonly threads = 1;
  readonly asked: string[] = [];
  #live = 0;

  /** The values of a contiguous tensor, shared with it. */
  values(tensor: Tensor): Float32Array {
    if (!(tensor.handle instanceof HostHandle) || !tensor.isContiguous) {
      throw new Error("Expected a contiguous tensor of the host device.");
    }
    return tensor.handle.data.subarray(tensor.offset, tensor.offset + tensor.numel);
  }

  tensor(
    data: Float32Array | Int32Array | Uint8Array,
    shape: readonly number[],
    dtype: DType = "f32",
  ): Tensor {
    return this.#wrap(Float32Array.from(data), shape, dtype);
  }
  empty(shape: readonly number[], dtype: DType = "f32"): Tensor {
    return this.#wrap(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(NaN), shape, dtype);
  }
  zeros(shape: readonly number[], dtype: DType = "f32"): Tensor {
    return this.#wrap(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape, dtype);
  }
  fromBytes(): Tensor {
    throw new Error("Expected no raw bytes on the host device.");
  }
  fromMapping(): Tensor {
    throw new Error("Expected no mapped files on the host device.");
  }
  emptyOnHost(): Tensor {
    throw new Error("Expected no transfers on the host device.");
  }
  transfer(): void {
    throw new Error("Expected no transfers on the host device.");
  }
  view(
    tensor: Tensor,
    shape: readonly number[],
    strides: readonly number[],
    offset: number,
  ): Tensor {
    const { data } = tensor.handle as HostHandle;
    return new Tensor(this, this.#handle(data), { shape, dtype: tensor.dtype, strides, offset });
  }

  run(
    op: string,
    inputs: readonly OpInput[],
    attributes: readonly OpAttribute[],
    outputs: readonly (Tensor | null)[],
  ): void {
    this.asked.push(op);
    const output = this.values(outputs[0] as Tensor);
    const operands = inputs.flat().map((tensor) => this.values(tensor as Tensor));
    const [x = output, y = output] = operands;
    const [a = 1, b = 1] = attributes.map((value) => Math.fround(Number(value)));
    const each = (value: (x: number, y: number) => number): void => {
      for (let i = 0; i < output.length; i++) output[i] = value(x[i] as number, y[i] as number);
    };
    if (op === "affine") each((left) => Math.fround(a * left) + b);
    else if (op === "lincomb")
      each((left, right) => Math.fround(a * left) + Math.fround(b * right));
    else if (op === "add") each((left, right) => left + right);
    else if (op === "sub") each((left, right) => left - right);
    else if (op === "mul") each((left, right) => left * right);
    else if (op === "copy" || op === "cast") output.set(x);
    else if (op === "cat" && attributes[0] === 0)
      output.set(Float32Array.from(operands.flatMap((part) => [...part])));
    else throw new Error(`Expected an op of samplers, got ${op}.`);
  }

  async readBytes(tensor: Tensor): Promise<ArrayBuffer> {
    return Float32Array.from(this.values(tensor)).buffer;
  }
  async sync(): Promise<void> {}
  interrupt(): void {}
  memory(): MemoryUse {
    return { liveTensors: this.#live, liveBytes: 0, allocatedBytes: 0, hostBytes: 0, peakBytes: 0 };
  }
  resetPeak(): void {}
  flops(): ReadonlyMap<string, number> {
    return new Map();
  }

  #wrap(data: Float32Array, shape: readonly number[], dtype: DType): Tensor {
    return new Tensor(this, this.#handle(data), { shape, dtype });
  }

  #handle(data: Float32Array): HostHandle {
    this.#live++;
    let disposed = false;
    return new HostHandle(data, () => {
      if (!disposed) this.#live--;
      disposed = true;
    });
  }
}
