import type { Device } from "#runtime/tensor/device";
import type { DType } from "#runtime/tensor/layout";
import { scope } from "#runtime/tensor/scope";
import type { Inputs, OpCase } from "./op-case.ts";

export interface CaseOutcome {
  readonly op: string;
  readonly title: string;
  /** Null where there was nothing to compare; what is not finite becomes it on its way through JSON. */
  readonly error: number | null;
  readonly bound: number;
  readonly ok: boolean;
  /** What was thrown. */
  readonly failure?: string;
}

/** The same numbers for the same seed, uniform between -scale and scale (mulberry32). */
function randomArray(length: number, seed: number, scale: number): Float32Array {
  let state = seed | 0;
  return Float32Array.from({ length }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return (((word ^ (word >>> 14)) >>> 0) / 2 ** 31 - 1) * scale;
  });
}

function inputs(device: Device, activations: DType): Inputs {
  const stored = (shape: readonly number[], seed: number, dtype: DType, scale = 1) => {
    const count = shape.reduce((product, length) => product * length, 1);
    return device.tensor(randomArray(count, seed, scale), shape, dtype);
  };
  return {
    device,
    stored,
    activations: (shape, seed, scale = 1) => stored(shape, seed, activations, scale),
    values: (data, shape, dtype) => device.tensor(data, shape, dtype),
  };
}

async function outputs(check: OpCase, device: Device, activations: DType): Promise<Float32Array[]> {
  const reads = scope(() => check.run(inputs(device, activations)).map((tensor) => tensor.read()));
  return await Promise.all(reads);
}

/** Largest |a - b| over largest |b|; infinite where one is not finite and the other is another value. */
function errorOfLargest(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity;
  let worst = 0;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      if (!Object.is(x, y)) return Infinity;
      continue;
    }
    worst = Math.max(worst, Math.abs(x - y));
    largest = Math.max(largest, Math.abs(y));
  }
  return worst === 0 ? 0 : worst / largest;
}

/** Runs a case on both devices and compares; never throws. */
export async function checkCase(
  check: OpCase,
  reference: Device,
  device: Device,
): Promise<CaseOutcome> {
  const { op, title } = check;
  const bound = check.bound[device.activations];
  try {
    const expected = await outputs(check, reference, device.activations);
    const first = await outputs(check, device, device.activations);
    const again = await outputs(check, device, device.activations);
    const errors = expected.map((values, i) =>
      errorOfLargest(first[i] ?? new Float32Array(), values),
    );
    const error = Math.max(0, ...errors);
    const repeats = first.every((values, i) => sameBytes(values, again[i]));
    await device.sync();
    const { liveTensors, allocatedBytes } = device.memory();
    if (!repeats)
      return { op, title, error, bound, ok: false, failure: "a second run gave other bytes" };
    if (liveTensors !== 0 || allocatedBytes !== 0) {
      const failure = `left ${liveTensors} tensors and ${allocatedBytes} bytes behind`;
      return { op, title, error, bound, ok: false, failure };
    }
    return { op, title, error, bound, ok: error <= bound };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    return { op, title, error: null, bound, ok: false, failure };
  }
}

function sameBytes(a: Float32Array, b: Float32Array | undefined): boolean {
  return b !== undefined && Buffer.compare(Buffer.from(a.buffer), Buffer.from(b.buffer)) === 0;
}
