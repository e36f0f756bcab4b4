import { afterAll, describe, expect, test } from "vitest";
import type { CpuDevice } from "#runtime/tensor/cpu-device";
import { openDevice } from "#runtime/tensor/devices";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { expectNoLiveTensors } from "../helpers/tensors.ts";

const LEVELS =
  process.arch === "arm64" ? ["scalar", "neon"] : ["scalar", "avx2", "avx512", "avx512_bf16"];

/** Instruction sets that this machine runs, least first. */
export function instructionSets(): readonly string[] {
  return LEVELS.slice(0, LEVELS.indexOf(openDevice("cpu", { threads: 1 }).isa) + 1);
}

/** The tests that `define` makes, for each instruction set of this machine; none may leave a tensor behind. */
export function onEveryIsa(define: (device: CpuDevice, isa: string) => void): void {
  describe.each(instructionSets())("%s", (isa) => {
    const device = openDevice("cpu", { isa, threads: 2 });
    afterAll(() => expectNoLiveTensors(device));
    define(device, isa);
  });
}

/** What an op gives for 1, 2 and 3 threads on the best instruction set must have the same bytes. */
export function sameForAnyThreads(title: string, run: (device: CpuDevice) => Tensor): void {
  test(title, async () => {
    const results: Uint8Array[] = [];
    for (const threads of [1, 2, 3]) {
      const device = openDevice("cpu", { threads });
      const result = scope(() => run(device));
      const bytes = result.readRaw();
      result[Symbol.dispose]();
      results.push(await bytes);
      await expectNoLiveTensors(device);
    }
    const [first, ...others] = results as [Uint8Array, ...Uint8Array[]];
    for (const other of others) expect(Buffer.compare(first, other)).toBe(0);
  });
}
