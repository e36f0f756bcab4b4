import { afterAll, expect } from "vitest";
import type { CpuDevice } from "#runtime/tensor/cpu-device";
import type { Device } from "#runtime/tensor/device";
import { openDevice } from "#runtime/tensor/devices";

let shared: CpuDevice | undefined;

/** The CPU device that the tests of one file share. */
export function testDevice(): CpuDevice {
  shared ??= openDevice("cpu", { threads: 2 });
  return shared;
}

/** Fails when a tensor of the device (by default the shared one) was not disposed or its memory was not freed. */
export async function expectNoLiveTensors(device: Device = testDevice()): Promise<void> {
  await device.sync();
  const { liveTensors, liveBytes, allocatedBytes } = device.memory();
  expect({ liveTensors, liveBytes, allocatedBytes }).toEqual({
    liveTensors: 0,
    liveBytes: 0,
    allocatedBytes: 0,
  });
}

/** Runs `expectNoLiveTensors` after the last test of this file. */
export function checkLiveTensorsAtEnd(): void {
  afterAll(() => expectNoLiveTensors());
}

/** |a - b| / |b| over all elements (Euclidean), or |a| when b is zero. Infinite for a different number of elements. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < a.length; i++) {
    const expected = b[i] ?? NaN;
    difference += ((a[i] ?? NaN) - expected) ** 2;
    norm += expected ** 2;
  }
  return Math.sqrt(difference) / (norm === 0 ? 1 : Math.sqrt(norm));
}

/** The same numbers for the same seed, uniform between -scale and scale (mulberry32). */
export function randomArray(length: number, seed: number, scale = 1): Float32Array {
  let state = seed | 0;
  return Float32Array.from({ length }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return (((word ^ (word >>> 14)) >>> 0) / 2 ** 31 - 1) * scale;
  });
}
