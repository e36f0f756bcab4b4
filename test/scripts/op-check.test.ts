import { beforeAll, describe, expect, test } from "vitest";
import { loadAddon } from "#native";
import { cudaInfo } from "#runtime/tensor/cuda-device";
import type { Device } from "#runtime/tensor/device";
import { openDevice } from "#runtime/tensor/devices";
import { affine } from "#runtime/tensor/ops";
import { keep } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { checkCase } from "../../scripts/op-check/check-case.ts";
import { checkDevice, deviceCases } from "../../scripts/op-check/device-cases.ts";
import { opCases } from "../../scripts/op-check/op-cases.ts";
import type { OpCase } from "../../scripts/op-check/op-case.ts";
import { expectNoLiveTensors } from "../helpers/tensors.ts";

const reference = openDevice("cpu", { threads: 1 });
const device = openDevice("cpu", { threads: 1 });

const pointwise = (run: OpCase["run"]): OpCase => ({
  op: "affine",
  title: "made up",
  bound: { f32: 1e-6, bf16: 1e-2 },
  run,
});

test("every op has a case", () => {
  const covered = new Set(opCases.map(({ op }) => op));
  const missing = loadAddon()
    .listOps()
    .filter(({ name }) => !covered.has(name));
  expect(missing).toEqual([]);
});

describe("a case", () => {
  test("holds where both devices agree", async () => {
    const check = pointwise((make) => [affine(make.activations([100], 1), 2, 1)]);
    expect(await checkCase(check, reference, device)).toMatchObject({ ok: true, error: 0 });
    await expectNoLiveTensors(device);
  });

  test("breaks where results differ by more than its bound", async () => {
    const check = pointwise((make) => [
      affine(make.activations([100], 1), make.device === reference ? 2 : 2.001, 0),
    ]);
    const outcome = await checkCase(check, reference, device);
    expect(outcome.ok).toBe(false);
    expect(outcome.error).toBeGreaterThan(1e-4);
  });

  test("breaks where a second run gives other bytes", async () => {
    let runs = 0;
    const check = pointwise((make) => [affine(make.activations([4], 1), 1 + runs++ * 1e-7, 0)]);
    const outcome = await checkCase(check, device, device);
    expect(outcome).toMatchObject({ ok: false, failure: "a second run gave other bytes" });
  });

  test("breaks where a tensor is left behind", async () => {
    const left: Tensor[] = [];
    const check = pointwise((make) => {
      const x = keep(make.activations([4], 1));
      left.push(x);
      return [affine(x, 1, 0)];
    });
    const outcome = await checkCase(check, reference, device);
    expect(outcome).toMatchObject({ ok: false, failure: expect.stringMatching(/^left 2 tensors/) });
    for (const tensor of left) tensor[Symbol.dispose]();
    await expectNoLiveTensors(device);
  });

  test("says what an op threw", async () => {
    const check = pointwise((make) => [affine(make.values(Int32Array.of(1), [1]), 1, 0)]);
    const outcome = await checkCase(check, reference, device);
    expect(outcome).toMatchObject({ ok: false, failure: expect.stringMatching(/float type/) });
  });
});

describe("the CPU as a device", () => {
  test.each(deviceCases)("$title", async (check) => {
    const open = (memoryLimit?: number) =>
      openDevice("cpu", { threads: 1, ...(memoryLimit === undefined ? {} : { memoryLimit }) });
    expect(await checkDevice(check, open)).toMatchObject({ ok: true });
  });
});

// Needs a GPU, whose driver and kernels `umbel info` names.
describe.skipIf(!cudaInfo().available)("on the GPU against the CPU", () => {
  test.each(deviceCases)("$title", async (check) => {
    const open = (memoryLimit?: number) =>
      openDevice("cuda", memoryLimit === undefined ? {} : { memoryLimit });
    expect(await checkDevice(check, open)).toMatchObject({ ok: true });
  });

  describe.each(["f32", "bf16"] as const)("%s", (precision) => {
    let gpu: Device;
    beforeAll(() => {
      gpu = openDevice("cuda", { precision });
    });
    test.each(opCases)("$op: $title", async (check) => {
      expect(await checkCase(check, reference, gpu)).toMatchObject({ ok: true });
    });
  });
});
