import { afterAll, expect, test } from "vitest";
import { openDevice } from "#runtime/tensor/devices";
import { NullDevice } from "#runtime/tensor/null-device";
import {
  affine,
  attention,
  blockSparseAttention,
  conv3d,
  linear,
  rmsNorm,
} from "#runtime/tensor/ops";
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
    hostBytes: 0,
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

test("like CUDA: activations in bfloat16, and what ops take while they run", () => {
  const gpu = new NullDevice({ like: "cuda" });
  const x = gpu.empty([64, 256]);
  const w = gpu.empty([256, 256], "bf16");
  scope(() => {
    affine(x, 1, 0);
    affine(w, 1, 0);
    gpu.resetPeak();
    const before = gpu.memory().allocatedBytes;
    // x rounded, and the library's workspace, beside the result in float32.
    linear(x, w, null);
    expect(gpu.memory().peakBytes - before).toBe(64 * 256 * (2 + 4) + 32 * 2 ** 20);
  });
  scope(() => {
    expect(rmsNorm(x, null, 1e-6).dtype).toBe("bf16");
    gpu.resetPeak();
    const before = gpu.memory().allocatedBytes;
    const strided = w.permute([1, 0]);
    affine(strided, 1, 0);
    expect(gpu.memory().peakBytes - before).toBe(2 * 256 * 256 * 2);
  });
  scope(() => {
    const half = gpu.empty([1000], "f16");
    affine(half, 1, 0);
    gpu.resetPeak();
    const before = gpu.memory().allocatedBytes;
    affine(half, 1, 0);
    // Widened to float32, on whole units of the arena, beside the result.
    expect(gpu.memory().peakBytes - before).toBe(4096 + 4000);
  });
  scope(() => {
    const q = gpu.empty([128, 2, 64], "bf16");
    const line = gpu.empty([2, 255]);
    attention(q, q, q);
    affine(line, 1, 0);
    gpu.resetPeak();
    const before = gpu.memory().allocatedBytes;
    // A bias is read as it lies unless its keys are apart.
    attention(q, q, q, { bias: line.windows(128).flip(1) });
    expect(gpu.memory().peakBytes - before).toBe(128 * 2 * 64 * 2);
    attention(q, q, q, { bias: line.windows(128).flip(2) });
    expect(gpu.memory().peakBytes - before).toBe(128 * 2 * 64 * 2 * 2 + 2 * 128 * 128 * 4);
  });
  x[Symbol.dispose]();
  w[Symbol.dispose]();
  expect(gpu.memory()).toMatchObject({ liveTensors: 0, allocatedBytes: 0 });
});

test("host memory for transfers is counted apart", () => {
  const gpu = new NullDevice({ like: "cuda" });
  scope(() => {
    const onHost = gpu.emptyOnHost([100], "u8");
    gpu.transfer(onHost, gpu.empty([100], "u8"));
    expect(gpu.memory()).toMatchObject({ liveBytes: 100, allocatedBytes: 100, hostBytes: 100 });
    expect(() => gpu.transfer(onHost, gpu.empty([99], "u8"))).toThrow(/one size/);
  });
  expect(gpu.memory()).toMatchObject({ liveTensors: 0, allocatedBytes: 0, hostBytes: 0 });
});

test("convolutions of odd channels count what fills them up", () => {
  const device = new NullDevice({ like: "cuda" });
  scope(() => {
    const x = device.tensor(new Float32Array(3 * 64), [1, 8, 8, 3], "bf16");
    const weight = device.tensor(new Float32Array(8 * 27 * 3), [8, 3, 3, 3, 3], "bf16");
    device.resetPeak();
    const before = device.memory().allocatedBytes;
    conv3d(x, weight, null, { padding: [2, 0, 1, 1, 1, 1] });
    const filled = 2 * 8 * (64 + 8 * 27);
    expect(device.memory().peakBytes - before).toBe(64 * 8 * 2 + filled);
  });
});
