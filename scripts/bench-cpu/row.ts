import type { Device } from "#runtime/tensor/device";
import type { Tensor } from "#runtime/tensor/tensor";

/** One line of the table. */
export interface Row {
  readonly op: string;
  readonly size: string;
  /** Floating-point operations of one run, 2 a multiply-add. */
  readonly flops: number;
  readonly precision?: "f32" | "bf16";
  /** Makes the inputs (kept by the caller) and returns what is timed: one run whose result is thrown away. */
  readonly prepare: (device: Device) => Timed;
  /** What the other side measures for this row, in the words of openblas.c and pytorch.py. */
  readonly openblas?: string;
  readonly pytorch?: string;
  /** Another run of ours to compare with, and the factor by which its time counts. */
  readonly own?: {
    readonly name: string;
    readonly prepare: (device: Device) => Timed;
    readonly share: number;
  };
}

export interface Timed {
  /** Disposed after the last run. */
  readonly inputs: readonly Disposable[];
  /** Enqueues one run; a promise resolves when the device is done with it. */
  readonly run: () => Tensor | Promise<void>;
}

let state = 1;

/** Numbers between -1 and 1; which ones does not matter. */
export function anyNumbers(length: number): Float32Array {
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}
