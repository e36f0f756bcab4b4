import { UmbelError } from "#runtime/errors";
import type { Device, TensorHandle } from "./device.ts";
import {
  contiguousStrides,
  countElements,
  dtypeSize,
  isContiguous,
  reshapeStrides,
  resolveShape,
  shapeText,
  type DType,
} from "./layout.ts";
import { track, untrack } from "./scope.ts";

export type { DType } from "./layout.ts";

/** Where a tensor's elements lie in its storage; strides and offset count elements. */
export interface Layout {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly strides?: readonly number[];
  readonly offset?: number;
}

/**
 * An array on a device: an opaque handle whose contents may still be being computed. Made by a device or an op, freed by
 * `scope` or `Symbol.dispose`; views share the storage, which goes with the last of them.
 */
export class Tensor implements Disposable {
  readonly device: Device;
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** @internal */
  readonly strides: readonly number[];
  /** @internal */
  readonly offset: number;
  #handle: TensorHandle | null;

  /** Called by devices only. */
  constructor(device: Device, handle: TensorHandle, layout: Layout) {
    this.device = device;
    this.shape = Object.freeze([...layout.shape]);
    this.dtype = layout.dtype;
    this.strides = layout.strides ?? contiguousStrides(layout.shape);
    this.offset = layout.offset ?? 0;
    this.#handle = handle;
    track(this);
  }

  get disposed(): boolean {
    return this.#handle === null;
  }
  /**
   * True once the op that should have written it has failed, was skipped or interrupted: its contents will never exist.
   * Whoever keeps tensors from job to job asks this before using one again.
   */
  get failed(): boolean {
    return this.handle.failed;
  }
  get rank(): number {
    return this.shape.length;
  }
  get numel(): number {
    return countElements(this.shape);
  }
  /** Bytes of its elements (a view's own, not those of the storage behind it). */
  get bytes(): number {
    return this.numel * dtypeSize(this.dtype);
  }
  get isContiguous(): boolean {
    return isContiguous(this.shape, this.strides);
  }

  /** @internal The device's handle; throws ERR_DISPOSED. */
  get handle(): TensorHandle {
    if (this.#handle === null) {
      throw new UmbelError(
        "ERR_DISPOSED",
        `Expected a live tensor, got a disposed one of shape ${shapeText(this.shape)}. ` +
          "Return it from its scope or keep() it.",
      );
    }
    return this.#handle;
  }

  /** A view in another shape with as many elements; one size may be -1. Throws ERR_SHAPE where only a copy could do. */
  reshape(shape: readonly number[]): Tensor {
    const target = resolveShape(shape, this.numel);
    const strides = reshapeStrides(this.shape, this.strides, target);
    if (strides === null) {
      throw new UmbelError(
        "ERR_SHAPE",
        `Expected a contiguous tensor to reshape to ${shapeText(target)}, got ${shapeText(
          this.shape,
        )} with strides ${shapeText(this.strides)}. Call contiguous() first.`,
      );
    }
    return this.device.view(this, target, strides, this.offset);
  }

  /** A view with its axes in another order. */
  permute(axes: readonly number[]): Tensor {
    const order = axes.map((axis) => this.#axis(axis));
    if (order.length !== this.rank || new Set(order).size !== this.rank) {
      throw new UmbelError(
        "ERR_SHAPE",
        `Expected each of ${this.rank} axes once, got ${shapeText(axes)}.`,
      );
    }
    return this.device.view(
      this,
      order.map((axis) => this.shape[axis] ?? 0),
      order.map((axis) => this.strides[axis] ?? 0),
      this.offset,
    );
  }

  /** A view of indices `start` to `end` (exclusive, default: all that follow) of one axis; negative ones count back. */
  slice(axis: number, start: number, end?: number): Tensor {
    const along = this.#axis(axis);
    const size = this.shape[along] ?? 0;
    const from = start < 0 ? start + size : start;
    const to = end === undefined ? size : end < 0 ? end + size : end;
    if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to > size || from > to) {
      throw new UmbelError(
        "ERR_SHAPE",
        `Expected a range inside axis ${axis} of ${shapeText(this.shape)}, got ${start} to ${end}.`,
      );
    }
    return this.device.view(
      this,
      this.shape.map((length, i) => (i === along ? to - from : length)),
      this.strides,
      this.offset + (from === to ? 0 : from * (this.strides[along] ?? 0)),
    );
  }

  /** A view with the indices of one axis in the opposite order. */
  flip(axis: number): Tensor {
    const along = this.#axis(axis);
    const size = this.shape[along] ?? 0;
    const stride = this.strides[along] ?? 0;
    return this.device.view(
      this,
      this.shape,
      this.strides.map((step, i) => (i === along ? -step : step)),
      this.offset + Math.max(size - 1, 0) * stride,
    );
  }

  /** A view of all runs of `size` neighbours in the last axis, which overlap: [..., n] -> [..., n - size + 1, size]. */
  windows(size: number): Tensor {
    const n = this.shape[this.#axis(-1)] ?? 0;
    if (!Number.isInteger(size) || size < 1 || size > n) {
      throw new UmbelError("ERR_SHAPE", `Expected windows of 1 to ${n} elements, got ${size}.`);
    }
    const step = this.strides.at(-1) ?? 0;
    const shape = [...this.shape.slice(0, -1), n - size + 1, size];
    return this.device.view(this, shape, [...this.strides, step], this.offset);
  }

  /** The same elements in row-major order: a copy when this is a strided view, else a view. */
  contiguous(): Tensor {
    if (this.isContiguous) {
      return this.device.view(this, this.shape, contiguousStrides(this.shape), this.offset);
    }
    const copy = this.device.empty(this.shape, this.dtype);
    this.device.run("copy", [this], [], [copy]);
    return copy;
  }

  /** The elements as float32 once they are computed. Rejects with the error of what was enqueued before. */
  async read(): Promise<Float32Array<ArrayBuffer>> {
    return new Float32Array(await this.device.readBytes(this, "f32"));
  }

  /** The elements in row-major order in their stored form. */
  async readRaw(): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await this.device.readBytes(this, this.dtype));
  }

  [Symbol.dispose](): void {
    if (this.#handle === null) return;
    this.#handle.dispose();
    this.#handle = null;
    untrack(this);
  }

  #axis(axis: number): number {
    const resolved = axis < 0 ? axis + this.rank : axis;
    if (!Number.isInteger(axis) || resolved < 0 || resolved >= this.rank) {
      throw new UmbelError(
        "ERR_SHAPE",
        `Expected an axis of ${shapeText(this.shape)}, got ${axis}.`,
      );
    }
    return resolved;
  }
}
