import { afterAll, expect, test } from "vitest";
import { openDevice } from "#runtime/tensor/devices";
import { affine, attention, blockSparseAttention, conv3d, linear } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import { expectNoLiveTensors } from "../../helpers/tensors.ts";

const device = openDevice("null");
afterAll(() => expectNoLiveTensors(device));

test("peak memory is that of the program's order", () => {
  device.resetPeak();
  scope(() => {
    let x = affine(device.zeros([256]), 1, 1);
    for (let i = 0; i < 50; i++) {
      const next = affine(x, 1, 1);
      x[Symbol.dispose]();
      x = next;
    }
  });
  // The zeros, which the scope keeps, and two tensors at a time.
  expect(device.memory()).toEqual({
    liveTensors: 0,
    liveBytes: 0,
    allocatedBytes: 0,
    peakBytes: 3 * 1024,
  });
});

test("memory that no op has touched yet is live but not allocated", () => {
  using x = device.empty([256]);
  using view = x.slice(0, 0, 1);
  expect(view.bytes).toBe(4);
  expect(device.memory()).toMatchObject({ liveTensors: 2, liveBytes: 1024, allocatedBytes: 0 });
});

test("operations of the large ops", () => {
  const fresh = openDevice("null");
  scope(() => {
    const x = fresh.empty([7, 16]);
    linear(x, fresh.empty([32, 16], "bf16"), null);
    linear(fresh.empty([2, 5, 16]), fresh.empty([32, 16]), null);
    attention(fresh.empty([10, 2, 8]), fresh.empty([6, 2, 8]), fresh.empty([6, 2, 8]));
    attention(fresh.empty([10, 2, 8]), fresh.empty([6, 2, 8]), fresh.empty([6, 2, 8]), {
      validKeys: 3,
    });
    const token = fresh.empty([128, 2, 8]);
    blockSparseAttention(token, token, token, {
      blockSize: 64,
      rowPtr: fresh.tensor(Int32Array.of(0, 1, 3), [1, 3]),
      col: fresh.tensor(Int32Array.of(0, 0, 1), [1, 3]),
    });
    conv3d(fresh.empty([1, 4, 4, 3]), fresh.empty([5, 1, 3, 3, 3]), null);
  });
  expect(Object.fromEntries(fresh.flops())).toEqual({
    linear: 2 * 7 * 32 * 16 + 2 * 10 * 32 * 16,
    attention: 4 * 10 * 6 * 2 * 8 + 4 * 10 * 3 * 2 * 8,
    block_sparse_attention: 4 * 3 * 64 * 64 * 2 * 8,
    conv3d: 2 * 2 * 2 * 5 * 27,
  });
});

test("contents read as zeros", async () => {
  using x = device.empty([2, 3]);
  expect(await x.read()).toEqual(new Float32Array(6));
});
