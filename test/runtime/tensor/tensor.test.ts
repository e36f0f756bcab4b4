import { describe, expect, test } from "vitest";
import type { DType } from "#runtime/tensor/layout";
import { add } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { checkLiveTensorsAtEnd, testDevice } from "../../helpers/tensors.ts";

checkLiveTensorsAtEnd();
const device = testDevice();

/** Values 0, 1, 2, ... in `shape`. */
function count(shape: readonly number[]): Tensor {
  const length = shape.reduce((product, size) => product * size, 1);
  return device.tensor(
    Float32Array.from({ length }, (_, i) => i),
    shape,
  );
}

async function values(make: () => Tensor): Promise<number[]> {
  using tensor = scope(make);
  return [...(await tensor.read())];
}

test("shape, rank, numel and bytes", () => {
  using x = device.empty([2, 3, 4], "bf16");
  expect([x.rank, x.numel, x.bytes, x.dtype]).toEqual([3, 24, 48, "bf16"]);
});

describe("views", () => {
  test("reshape with one open size", async () => {
    expect(await values(() => count([2, 6]).reshape([3, -1]).slice(0, 1, 2))).toEqual([4, 5, 6, 7]);
  });
  test("permute", async () => {
    expect(await values(() => count([2, 3]).permute([1, 0]))).toEqual([0, 3, 1, 4, 2, 5]);
    expect(await values(() => count([2, 3]).permute([-1, 0]))).toEqual([0, 3, 1, 4, 2, 5]);
  });
  test("slice, also from the end", async () => {
    expect(await values(() => count([3, 2]).slice(0, 1))).toEqual([2, 3, 4, 5]);
    expect(await values(() => count([3, 2]).slice(1, 0, 1))).toEqual([0, 2, 4]);
    expect(await values(() => count([3, 2]).slice(-1, -1))).toEqual([1, 3, 5]);
    expect(await values(() => count([3, 2]).slice(0, 3))).toEqual([]);
  });
  test("slices of slices and permuted slices", async () => {
    const view = () => count([4, 3, 2]).slice(0, 1, 3).permute([2, 0, 1]).slice(2, 1);
    expect(await values(view)).toEqual([8, 10, 14, 16, 9, 11, 15, 17]);
    expect(await values(() => view().contiguous())).toEqual([8, 10, 14, 16, 9, 11, 15, 17]);
  });
  test("a strided view reshapes where its axes can be split or merged", async () => {
    const rows = () => count([4, 6]).slice(1, 0, 4);
    expect(await values(() => rows().reshape([2, 2, 2, 2]).slice(0, 1))).toEqual([
      12, 13, 14, 15, 18, 19, 20, 21,
    ]);
    await expect(values(() => rows().reshape([16]))).rejects.toThrow(
      "Expected a contiguous tensor to reshape to [16], got [4, 4] with strides [6, 1].",
    );
    expect(await values(() => rows().contiguous().reshape([16]).slice(0, 14))).toEqual([20, 21]);
  });
  test("an axis counted backwards", async () => {
    expect(await values(() => count([2, 3]).flip(1))).toEqual([2, 1, 0, 5, 4, 3]);
    expect(await values(() => count([2, 3]).flip(0).contiguous())).toEqual([3, 4, 5, 0, 1, 2]);
    expect(await values(() => count([4]).flip(-1).slice(0, 1).flip(0))).toEqual([0, 1, 2]);
    expect(await values(() => count([0, 3]).flip(0))).toEqual([]);
  });
  test("windows overlap", async () => {
    expect(await values(() => count([4]).windows(2))).toEqual([0, 1, 1, 2, 2, 3]);
    expect(await values(() => count([2, 3]).windows(2))).toEqual([0, 1, 1, 2, 3, 4, 4, 5]);
    expect(await values(() => count([3, 2]).permute([1, 0]).windows(2))).toEqual([
      0, 2, 2, 4, 1, 3, 3, 5,
    ]);
    const rows = () => count([5]).windows(3).flip(0).contiguous();
    expect(await values(rows)).toEqual([2, 3, 4, 1, 2, 3, 0, 1, 2]);
  });
  test("ops take strided views", async () => {
    const sum = () => add(count([2, 3]).permute([1, 0]), count([3, 2]));
    expect(await values(sum)).toEqual([0, 4, 3, 7, 6, 10]);
  });
  test("a view outlives the tensor it was made from", async () => {
    const x = count([4]);
    const view = x.slice(0, 2);
    x[Symbol.dispose]();
    expect([...(await view.read())]).toEqual([2, 3]);
    view[Symbol.dispose]();
  });
  test("what is no view is refused", () => {
    using x = device.empty([2, 3]);
    expect(() => x.reshape([4, 2])).toThrow("Expected a shape of 6 elements, got [4, 2].");
    expect(() => x.reshape([-1, -1])).toThrow("got [-1, -1]");
    expect(() => x.permute([0, 0])).toThrow("Expected each of 2 axes once, got [0, 0].");
    expect(() => x.flip(2)).toThrow("Expected an axis of [2, 3], got 2.");
    expect(() => x.windows(4)).toThrow("Expected windows of 1 to 3 elements, got 4.");
    expect(() => x.windows(0)).toThrow("got 0");
    expect(() => x.slice(2, 0)).toThrow("Expected an axis of [2, 3], got 2.");
    expect(() => x.slice(1, 1, 4)).toThrow("Expected a range inside axis 1 of [2, 3], got 1 to 4.");
  });
});

describe("host arrays", () => {
  test.each<[DType, number[]]>([
    ["f32", [0.1, -3, 70000]],
    ["bf16", [0.10009765625, -3, 70144]],
    ["f16", [0.0999755859375, -3, Infinity]],
    ["f8_e4m3", [0.1015625, -3, 448]],
    ["f8_e5m2", [0.09375, -3, 57344]],
  ])("float32 stored as %s", async (dtype, expected) => {
    using x = device.tensor(Float32Array.of(0.1, -3, 70000), [3], dtype);
    expect(x.dtype).toBe(dtype);
    expect([...(await x.read())]).toEqual(expected.map(Math.fround));
    expect((await x.readRaw()).length).toBe(x.bytes);
  });
  test("integers", async () => {
    using ids = device.tensor(Int32Array.of(1, -2), [2]);
    using mask = device.tensor(Uint8Array.of(0, 255), [2]);
    using floats = device.tensor(Uint8Array.of(0, 255), [2], "f32");
    expect([ids.dtype, mask.dtype, floats.dtype]).toEqual(["i32", "u8", "f32"]);
    expect([...(await ids.read()), ...(await mask.read())]).toEqual([1, -2, 0, 255]);
    expect([...(await floats.read())]).toEqual([0, 255]);
    expect(new Int32Array((await ids.readRaw()).buffer)).toEqual(Int32Array.of(1, -2));
  });
  test("stored bytes go in and come out unchanged", async () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6);
    using x = device.fromBytes(bytes, [3], "f16");
    expect(await x.readRaw()).toEqual(bytes);
  });
  test("the array is copied at once", async () => {
    const data = Float32Array.of(1, 2);
    using x = device.tensor(data, [2]);
    data.fill(9);
    expect([...(await x.read())]).toEqual([1, 2]);
  });
  test("a part of a larger buffer is taken, not its start", async () => {
    using x = device.tensor(Float32Array.of(1, 2, 3, 4).subarray(2), [2]);
    expect([...(await x.read())]).toEqual([3, 4]);
  });
  test("what does not fit is refused", () => {
    expect(() => device.tensor(new Float32Array(5), [2, 3])).toThrow(
      "Expected 6 elements for shape [2, 3], got 5.",
    );
    expect(() => device.tensor(new Float32Array(2), [2], "i32")).toThrow(
      "Expected an array of type i32, got one of type f32.",
    );
    expect(() => device.fromBytes(new Uint8Array(3), [2], "f16")).toThrow("Expected 4 bytes");
    expect(() => device.zeros([1.5])).toThrow("Expected a shape of at most 8 integers");
    expect(() => device.zeros([1, 1, 1, 1, 1, 1, 1, 1, 1])).toThrow("at most 8");
  });
});

test("a disposed tensor is refused by name of the error", async () => {
  const x = device.zeros([2]);
  x[Symbol.dispose]();
  x[Symbol.dispose]();
  expect(x.disposed).toBe(true);
  expect(() => add(x, x)).toThrow(expect.objectContaining({ code: "ERR_DISPOSED" }));
  await expect(x.read()).rejects.toMatchObject({ code: "ERR_DISPOSED" });
});

test("zeros are zero and empty sizes work", async () => {
  expect(await values(() => device.zeros([3]))).toEqual([0, 0, 0]);
  expect(await values(() => device.zeros([0, 3]))).toEqual([]);
  expect(await values(() => add(device.zeros([0, 3]), device.zeros([3])))).toEqual([]);
});
