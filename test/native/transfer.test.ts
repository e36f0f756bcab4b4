import { describe, expect, test } from "vitest";
import { openDevice } from "#runtime/tensor/devices";
import { affine, conv3d } from "#runtime/tensor/ops";
import { checkLiveTensorsAtEnd, testDevice } from "../helpers/tensors.ts";

checkLiveTensorsAtEnd();
const device = testDevice();

describe("host memory for transfers", () => {
  test("takes bytes from the device and gives them back, in the order of the ops", async () => {
    using x = device.tensor(Float32Array.of(1, 2, 3, 4), [4]);
    using onHost = device.emptyOnHost([16], "u8");
    using bytes = device.view(x, [16], [1], 0, "u8");
    device.transfer(bytes, onHost);
    using doubled = affine(x, 2, 0);
    using target = device.view(doubled, [16], [1], 0, "u8");
    device.transfer(onHost, target);
    using after = affine(doubled, 1, 0.5);
    expect([...(await after.read())]).toEqual([1.5, 2.5, 3.5, 4.5]);
    expect(device.memory().hostBytes).toBe(16);
  });

  test("is no operand of ops, and is not read", async () => {
    using onHost = device.emptyOnHost([4], "f32");
    using other = device.emptyOnHost([4], "f32");
    using x = device.zeros([4]);
    const refusal = { code: "ERR_INVALID_ARGUMENT" };
    expect(() => affine(onHost, 1, 0)).toThrow(expect.objectContaining(refusal));
    expect(() => device.run("affine", [x], [1, 0], [onHost])).toThrow(
      expect.objectContaining(refusal),
    );
    await expect(onHost.read()).rejects.toMatchObject(refusal);
    expect(() => device.transfer(onHost, other)).toThrow(expect.objectContaining(refusal));
    using shorter = device.zeros([3]);
    expect(() => device.transfer(onHost, shorter)).toThrow(
      expect.objectContaining({ code: "ERR_SHAPE" }),
    );
  });

  test("a transfer that was interrupted leaves its target marked", async () => {
    using x = device.zeros([8, 128, 128, 128]);
    using weight = device.zeros([256, 3, 3, 3, 128]);
    using long = conv3d(x, weight, null, { padding: [1, 1, 1, 1, 1, 1] });
    using onHost = device.emptyOnHost([4], "f32");
    using small = device.zeros([4]);
    device.transfer(small, onHost);
    device.interrupt();
    await expect(device.sync()).rejects.toMatchObject({ code: "ERR_INTERRUPTED" });
    expect([long.failed, onHost.failed, small.failed]).toEqual([true, true, false]);
  });

  test("is bounded by the device's own limit on the CPU", async () => {
    const limited = openDevice("cpu", { memoryLimit: 1000 });
    using onHost = limited.emptyOnHost([2000], "u8");
    using target = limited.zeros([2000], "u8");
    limited.transfer(onHost, target);
    await expect(limited.sync()).rejects.toMatchObject({ code: "ERR_OUT_OF_MEMORY" });
  });
});

test("a view in another type reads the same bytes", async () => {
  using x = device.tensor(Float32Array.of(1, -2), [2]);
  using words = device.view(x, [2], [1], 0, "i32");
  const raw = new Uint8Array(Float32Array.of(1, -2).buffer);
  expect([...(await words.readRaw())]).toEqual([...raw]);
  using half = device.view(x, [1], [1], 3, "bf16");
  expect([...(await half.read())]).toEqual([-2]);
  expect(() => device.view(x, [2], [1], 1, "i32")).toThrow(
    expect.objectContaining({ code: "ERR_SHAPE" }),
  );
});
