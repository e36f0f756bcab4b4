import { describe, expect, test, vi } from "vitest";
import { loadAddon } from "#native";
import { openDevice } from "#runtime/tensor/devices";
import { affine, conv3d, embedding } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import {
  checkLiveTensorsAtEnd,
  expectNoLiveTensors,
  randomArray,
  testDevice,
} from "../../helpers/tensors.ts";

checkLiveTensorsAtEnd();
const MIB = 2 ** 20;

test("ops run in order and results are read back", async () => {
  const device = testDevice();
  const data = randomArray(1000, 1);
  using result = scope(() => {
    let x = device.tensor(data, [10, 100]);
    for (let i = 0; i < 100; i++) x = affine(x, -1, i);
    return x;
  });
  expect(result.shape).toEqual([10, 100]);
  const read = await result.read();
  // 0 - x + 0, 1 - ..., ... leaves x + 50 after 100 steps.
  expect(read.every((value, i) => Math.abs(value - (data[i] ?? NaN) - 50) < 1e-3)).toBe(true);
});

/** An op whose kernel fails: an id outside the table. */
function failingOp(device = testDevice()): Tensor {
  using table = device.zeros([2, 4]);
  using ids = device.tensor(Int32Array.of(7), [1]);
  return embedding(table, ids);
}

describe("errors", () => {
  test("a failed op skips the later ones until a sync reports it", async () => {
    const device = testDevice();
    using failed = failingOp();
    using x = device.zeros([2]);
    using skipped = affine(x, 1, 1);
    await expect(device.sync()).rejects.toMatchObject({
      name: "UmbelError",
      code: "ERR_INVALID_ARGUMENT",
    });
    await expect(device.sync()).resolves.toBeUndefined();
    using after = affine(x, 1, 1);
    expect([...(await after.read())]).toEqual([1, 1]);
    // What was not computed stays unusable and says why, also through later ops.
    await expect(skipped.read()).rejects.toThrow("Expected ids below 2, got 7.");
    using derived = affine(failed, 1, 1);
    await expect(derived.read()).rejects.toThrow("Expected ids below 2, got 7.");
    expect([failed, skipped, derived, x, after].map((tensor) => tensor.failed)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    await device.sync();
  });

  test("a read reports the error of an earlier op once", async () => {
    const device = testDevice();
    using x = device.zeros([2]);
    using failed = failingOp();
    expect(failed.shape).toEqual([1, 4]);
    await expect(x.read()).rejects.toThrow("Expected ids below 2, got 7.");
    expect([...(await x.read())]).toEqual([0, 0]);
  });

  test("tensors of another device are refused", () => {
    const other = openDevice("cpu", { threads: 1 });
    using x = other.zeros([2]);
    using y = testDevice().zeros([2]);
    using out = testDevice().empty([2]);
    expect(() => testDevice().run("add", [x, y], [], [out])).toThrow(/Expected a tensor of this/);
  });

  test("wrong arguments are refused before anything is enqueued", async () => {
    const device = testDevice();
    using x = device.zeros([2]);
    using out = device.empty([2]);
    const wrong = (...call: Parameters<typeof device.run>) =>
      expect(() => device.run(...call)).toThrow(
        expect.objectContaining({ code: "ERR_INVALID_ARGUMENT" }),
      );
    wrong("affine", [x], [1], [out]);
    wrong("affine", [x], [1, true], [out]);
    wrong("affine", [x], [1, 2, 3], [out]);
    wrong("affine", [null], [1, 2], [out]);
    wrong("affine", [[x]], [1, 2], [out]);
    wrong("affine", [x], [1, 2], []);
    wrong("affine", [x], [1, 2], [null]);
    wrong("cat", [x], [0], [out]);
    wrong("cat", [[]], [0], [out]);
    wrong("linear", [x, x, null], [0.5], [out]);
    expect(() => device.run("no_such_op", [x], [], [out])).toThrow("Expected a known op");
    await device.sync();
  });

  test("options are checked", () => {
    expect(() => openDevice("cpu", { threads: 0 })).toThrow("Expected 1 to 1024 threads, got 0.");
    expect(() => openDevice("cpu", { threads: 1.5 })).toThrow("Expected threads to be an integer");
    expect(() => openDevice("cpu", { isa: "sse9" })).toThrow("got sse9");
    expect(() => openDevice("cuda")).toThrow(expect.objectContaining({ code: "ERR_DEVICE" }));
  });
});

/** A convolution of about 200 GFLOP, many seconds on any CPU. */
function longOp(device = testDevice()): Tensor {
  using x = device.zeros([8, 128, 128, 128]);
  using weight = device.zeros([256, 3, 3, 3, 128]);
  return conv3d(x, weight, null, { padding: [1, 1, 1, 1, 1, 1] });
}

describe("interrupt", () => {
  test("a long op ends within a second and the device works again", async () => {
    const device = testDevice();
    using result = longOp();
    using later = affine(result, 1, 0);
    const pending = later.read();
    await new Promise((resolve) => setTimeout(resolve, 100));
    // Processor time of both threads: it does not depend on what else the machine does.
    const start = process.cpuUsage();
    device.interrupt();
    await expect(pending).rejects.toMatchObject({ code: "ERR_INTERRUPTED" });
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1e6).toBeLessThan(1);
    using x = device.zeros([1]);
    using y = affine(x, 1, 5);
    expect([...(await y.read())]).toEqual([5]);
    await expect(result.read()).rejects.toMatchObject({ code: "ERR_INTERRUPTED" });
  });

  test("everything pending rejects, what comes after runs", async () => {
    const device = testDevice();
    using result = longOp();
    const pending = [device.sync(), result.read(), device.sync()];
    device.interrupt();
    using x = device.zeros([1]);
    const after = x.read();
    for (const promise of pending) {
      await expect(promise).rejects.toMatchObject({ code: "ERR_INTERRUPTED" });
    }
    expect([...(await after)]).toEqual([0]);
  });

  test("without a pending sync the next one reports it", async () => {
    const device = testDevice();
    using result = longOp();
    expect(result.disposed).toBe(false);
    device.interrupt();
    await expect(device.sync()).rejects.toMatchObject({ code: "ERR_INTERRUPTED" });
    await device.sync();
  });

  test("an idle device is not disturbed", async () => {
    const device = testDevice();
    await device.sync();
    device.interrupt();
    await device.sync();
  });
});

describe("memory", () => {
  test("outputs exist from their op to the last use, however far ahead calls run", async () => {
    const device = openDevice("cpu", { threads: 1 });
    const result = scope(() => {
      let x = affine(device.zeros([MIB / 4]), 1, 1);
      for (let i = 0; i < 50; i++) {
        const next = affine(x, 1, 1);
        x[Symbol.dispose]();
        x = next;
      }
      return x;
    });
    expect((await result.read())[0]).toBe(51);
    // Two tensors at a time; 51 would be 51 MiB.
    expect(device.memory().peakBytes).toBeLessThanOrEqual(3 * MIB);
    expect(device.memory()).toMatchObject({ liveTensors: 1, liveBytes: MIB, allocatedBytes: MIB });
    result[Symbol.dispose]();
    await expectNoLiveTensors(device);
    device.resetPeak();
    expect(device.memory().peakBytes).toBe(0);
  });

  test("views count as tensors, not as bytes", () => {
    const device = openDevice("cpu", { threads: 1 });
    using x = device.zeros([10, 10]);
    using view = x.slice(0, 1);
    expect(view.numel).toBe(90);
    expect(device.memory()).toMatchObject({ liveTensors: 2, liveBytes: 400, allocatedBytes: 0 });
  });

  test("an absurd size fails with a clear error and the device works on", async () => {
    const device = testDevice();
    using huge = device.zeros([2 ** 40]);
    using part = huge.slice(0, 0, 1);
    await expect(part.read()).rejects.toMatchObject({ code: "ERR_OUT_OF_MEMORY" });
    expect(() => device.empty([2 ** 30, 2 ** 30])).toThrow(
      expect.objectContaining({ code: "ERR_OUT_OF_MEMORY" }),
    );
    using x = device.zeros([1]);
    expect([...(await x.read())]).toEqual([0]);
  });

  test("the limit of a device holds", async () => {
    const device = openDevice("cpu", { threads: 1, memoryLimit: 3 * MIB });
    using x = device.zeros([MIB / 4]);
    using y = affine(x, 1, 1);
    using z = affine(y, 1, 1);
    expect((await z.read())[0]).toBe(2);
    using w = affine(z, 1, 1);
    await expect(w.read()).rejects.toThrow(
      "Expected 1.0 MiB of free memory, got 3.0 MiB in use of 3.0 MiB.",
    );
    z[Symbol.dispose]();
    using again = affine(y, 1, 4);
    expect((await again.read())[0]).toBe(5);
  });
});

test("kernels get float32 and contiguous inputs, outputs are stored as asked", async () => {
  const device = testDevice();
  using stored = device.tensor(Float32Array.of(1, 2, 3, 4), [2, 2], "bf16");
  using x = stored.permute([1, 0]);
  using out = device.empty([2, 2], "f16");
  device.run("affine", [x], [1, 0.5], [out]);
  expect([...(await out.read())]).toEqual([1.5, 3.5, 2.5, 4.5]);
  expect([...new Uint16Array((await out.readRaw()).buffer)]).toEqual([
    0x3e00, 0x4300, 0x4100, 0x4480,
  ]);
  await device.sync();
  expect(device.memory().allocatedBytes).toBe(stored.bytes + out.bytes);
});

test("an instruction set can be chosen up to what the machine has", () => {
  const scalar = openDevice("cpu", { threads: 1, isa: "scalar" });
  expect(scalar.isa).toBe("scalar");
  const ops = loadAddon().listOps("scalar");
  expect(new Set(ops.map((op) => op.isa))).toEqual(new Set(["scalar"]));
  vi.stubEnv("UMBEL_ISA", "scalar");
  expect(openDevice("cpu", { threads: 1 }).isa).toBe("scalar");
  vi.stubEnv("UMBEL_ISA", "nonsense");
  expect(() => openDevice("cpu", { threads: 1 })).toThrow(/Correct UMBEL_ISA/);
  vi.unstubAllEnvs();
});

test("operations are counted by op", () => {
  const device = openDevice("cpu", { threads: 1 });
  using x = device.zeros([3, 5]);
  using y = affine(x, 1, 1);
  expect(y.numel).toBe(15);
  expect(device.flops()).toEqual(new Map([["affine", 30]]));
});
