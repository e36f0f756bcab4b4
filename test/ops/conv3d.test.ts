import { describe, expect, test } from "vitest";
import type { CpuDevice } from "#runtime/tensor/cpu-device";
import { cast, cat, conv3d, upsample2x } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { DType, Tensor } from "#runtime/tensor/tensor";
import { randomArray } from "../helpers/tensors.ts";
import { convReference, convShape, type ConvSize } from "./conv3d-reference.ts";
import { errorOfLargest, evaluate } from "./evaluate.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";

// Of the largest result: float32 sums of up to 3,500 products.
const TOLERANCE = 1e-6;

const CAUSAL = [2, 0, 1, 1, 1, 1] as const;
const SAME = [0, 0, 1, 1, 1, 1] as const;

const SIZES: readonly ConvSize[] = [
  { x: [1, 1, 1, 1], out: 1, kernel: [1, 1, 1] },
  { x: [2, 5, 7, 20], out: 33, kernel: [1, 1, 1] },
  { x: [3, 9, 13, 6], out: 5, kernel: [1, 1, 1] },
  { x: [2, 3, 4, 5], out: 6, kernel: [1, 1, 1], padding: [1, 0, 0, 2, 1, 0] },
  { x: [1, 6, 5, 3], out: 24, kernel: [3, 3, 3], padding: CAUSAL },
  { x: [3, 4, 37, 24], out: 24, kernel: [3, 3, 3], padding: CAUSAL },
  { x: [2, 5, 6, 16], out: 40, kernel: [3, 3, 3], padding: [1, 0, 1, 1, 1, 1], before: 1 },
  { x: [2, 4, 5, 24], out: 48, kernel: [3, 3, 3], padding: [0, 0, 1, 1, 1, 1], before: 2 },
  { x: [1, 3, 4, 130], out: 9, kernel: [3, 3, 3], padding: CAUSAL },
  { x: [2, 6, 9, 17], out: 3, kernel: [3, 3, 3], padding: CAUSAL },
  { x: [1, 5, 8, 30], out: 1, kernel: [3, 3, 3], padding: CAUSAL },
  { x: [2, 3, 4, 40], out: 2, kernel: [1, 3, 3], padding: SAME },
  { x: [4, 3, 5, 12], out: 13, kernel: [3, 1, 1], before: 2 },
  { x: [5, 3, 5, 12], out: 13, kernel: [3, 1, 1], stride: [2, 1, 1], before: 1 },
  { x: [2, 8, 9, 10], out: 11, kernel: [1, 3, 3], stride: [1, 2, 2], padding: [0, 0, 0, 1, 0, 1] },
  { x: [1, 2, 700, 4], out: 8, kernel: [1, 3, 3], padding: SAME },
  { x: [1, 2, 3, 2], out: 70, kernel: [2, 2, 2], padding: [1, 1, 3, 3, 3, 3] },
  { x: [3, 5, 4, 3], out: 2, kernel: [3, 2, 3], stride: [2, 3, 2], padding: [2, 2, 0, 1, 2, 0] },
];

interface Made {
  readonly frames: Float32Array;
  readonly x: Tensor;
  readonly before: Tensor | null;
  readonly weight: Tensor;
}

function make(device: CpuDevice, size: ConvSize, dtype: DType = "f32"): Made {
  const [t, h, w, c] = size.x;
  const past = size.before ?? 0;
  const frames = randomArray((t + past) * h * w * c, 1);
  const cut = past * h * w * c;
  const kernel = [size.out, ...size.kernel, c];
  return {
    frames,
    x: device.tensor(frames.slice(cut), size.x),
    before: past === 0 ? null : device.tensor(frames.slice(0, cut), [past, h, w, c]),
    weight: device.tensor(
      randomArray(
        kernel.reduce((a, b) => a * b, 1),
        2,
      ),
      kernel,
      dtype,
    ),
  };
}

onEveryIsa((device) => {
  test.each(SIZES)("%o", async (size) => {
    const shape = convShape(size);
    const n = shape.reduce((product, length) => product * length, 1);
    const [bias, residual] = [randomArray(size.out, 3), randomArray(n, 4)];
    let frames: Float32Array = new Float32Array();
    const [plain, full, weights] = scope(() => {
      const made = make(device, size);
      ({ frames } = made);
      const { stride, padding } = size;
      const options = { stride, padding, before: made.before };
      const y = conv3d(made.x, made.weight, null, options);
      expect(y.shape).toEqual(shape);
      const sum = conv3d(made.x, made.weight, device.tensor(bias, [size.out]), {
        ...options,
        residual: device.tensor(residual, shape),
      });
      return [y.read(), sum.read(), made.weight.read()] as const;
    });
    const expected = convReference(frames, await weights, size);
    expect(errorOfLargest(await plain, expected)).toBeLessThan(TOLERANCE);
    const wanted = expected.map((v, i) => v + (bias[i % size.out] ?? NaN) + (residual[i] ?? NaN));
    expect(errorOfLargest(await full, wanted)).toBeLessThan(TOLERANCE);
  });

  describe.each<DType>(["f16", "bf16", "f8_e4m3", "f8_e5m2"])(
    "weights and bias stored as %s",
    (dtype) => {
      test.each([3, 24, 37])("%i output channels", async (out) => {
        const size: ConvSize = { x: [2, 5, 6, 21], out, kernel: [3, 3, 3], padding: CAUSAL };
        let frames: Float32Array = new Float32Array();
        const [result, weights, biases] = scope(() => {
          const { x, weight, frames: data } = make(device, size, dtype);
          frames = data;
          const bias = device.tensor(randomArray(out, 3), [out], dtype);
          const y = conv3d(x, weight, bias, { padding: CAUSAL });
          return [y.read(), cast(weight, "f32").read(), cast(bias, "f32").read()] as const;
        });
        const bias = await biases;
        const expected = convReference(frames, await weights, size).map(
          (v, i) => v + (bias[i % out] ?? NaN),
        );
        expect(errorOfLargest(await result, expected)).toBeLessThan(TOLERANCE);
      });
    },
  );

  test("frames in front give the bytes of one longer input", async () => {
    const size: ConvSize = {
      x: [3, 5, 11, 24],
      out: 24,
      kernel: [3, 3, 3],
      padding: SAME,
      before: 2,
    };
    const [split, whole] = scope(() => {
      const { x, before, weight } = make(device, size);
      const long = before === null ? x : cat([before, x], 0);
      return [
        conv3d(x, weight, null, { padding: SAME, before }).readRaw(),
        conv3d(long, weight, null, { padding: SAME }).readRaw(),
      ] as const;
    });
    expect(Buffer.compare(await split, await whole)).toBe(0);
  });

  test("frames in front may come in two parts", async () => {
    const size: ConvSize = { x: [1, 5, 11, 24], out: 24, kernel: [3, 3, 3], before: 3 };
    const [split, whole] = scope(() => {
      const { x, before, weight } = make(device, size);
      const parts = [before!.slice(0, 0, 1), before!.slice(0, 1)] as const;
      const options = { padding: SAME, stride: [2, 1, 1] } as const;
      return [
        conv3d(x, weight, null, { ...options, before: parts }).readRaw(),
        conv3d(x, weight, null, { ...options, before }).readRaw(),
      ] as const;
    });
    expect(Buffer.compare(await split, await whole)).toBe(0);
  });

  test("doubled pixels give the bytes of an upsampled input", async () => {
    const size: ConvSize = { x: [2, 5, 7, 24], out: 24, kernel: [3, 3, 3], before: 2 };
    const [fused, apart] = scope(() => {
      const { x, before, weight } = make(device, size);
      const options = { padding: SAME, stride: [1, 1, 2] } as const;
      return [
        conv3d(x, weight, null, { ...options, before, doubled: true }).readRaw(),
        conv3d(upsample2x(x), weight, null, {
          ...options,
          before: upsample2x(before!),
        }).readRaw(),
      ] as const;
    });
    expect(Buffer.compare(await fused, await apart)).toBe(0);
  });

  test("a kernel that sees only padding gives the bias", async () => {
    const values = await evaluate(() =>
      conv3d(
        device.tensor(Float32Array.of(7), [1, 1, 1, 1]),
        device.tensor(Float32Array.of(1, 1), [2, 1, 1, 1, 1]),
        device.tensor(Float32Array.of(3, -4), [2]),
        { padding: [1, 1, 0, 0, 0, 0] },
      ),
    );
    expect([...values]).toEqual([3, -4, 10, 3, 3, -4]);
  });

  test("values that are not finite reach the outputs that see them, no others", async () => {
    const x = new Float32Array(2 * 3 * 9 * 8).fill(1);
    x[(1 * 9 + 1) * 8 + 5] = NaN;
    const values = await evaluate(() =>
      conv3d(
        device.tensor(x, [2, 3, 9, 8]),
        device.tensor(new Float32Array(24 * 27 * 8).fill(1), [24, 3, 3, 3, 8]),
        null,
        {
          padding: CAUSAL,
        },
      ),
    );
    const spoiled = [...values.keys()].filter((i) => Number.isNaN(values[i]));
    const seen: number[] = [];
    for (let t = 0; t < 2; t++)
      for (let h = 0; h < 3; h++)
        for (let w = 0; w < 3; w++)
          for (let c = 0; c < 24; c++) seen.push(((t * 3 + h) * 9 + w) * 24 + c);
    expect(spoiled).toEqual(seen);
  });
});

for (const out of [3, 24, 40]) {
  sameForAnyThreads(`bytes do not depend on the number of threads, ${out} channels`, (device) => {
    const { x, before, weight } = make(device, {
      x: [3, 21, 33, 19],
      out,
      kernel: [3, 3, 3],
      before: 1,
    });
    return conv3d(x, weight, null, { padding: [1, 0, 1, 1, 1, 1], before });
  });
}
