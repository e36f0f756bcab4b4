import { expect, test } from "vitest";
import { clipPixels } from "#runtime/media/clip-pixels";
import { cropFrames, halfEven, resizeCropped, resizeFrames } from "#runtime/media/resize";
import type { Frames } from "#runtime/sdk/values";

/** One row of one grey channel in three. */
function row(values: readonly number[]): Frames {
  const data = Float32Array.from(values.flatMap((value) => [value, value, value]));
  return { data, count: 1, height: 1, width: values.length, channels: 3 };
}
const reds = ({ data }: Frames) =>
  Array.from(
    data.filter((_, i) => i % 3 === 0),
    (x) => +x.toFixed(4),
  );

test("half-pixel centres: values of torch's interpolate", () => {
  expect(reds(resizeFrames(row([0, 1]), 4, 1, "bilinear"))).toEqual([0, 0.25, 0.75, 1]);
  expect(reds(resizeFrames(row([0, 1]), 4, 1, "nearest-exact"))).toEqual([0, 0, 1, 1]);
  expect(reds(resizeFrames(row([0, 1, 2]), 2, 1, "nearest-exact"))).toEqual([0, 2]);
  expect(reds(resizeFrames(row([0, 1, 2]), 2, 1, "area"))).toEqual([0.5, 1.5]);
  expect(reds(resizeFrames(row([0, 1, 2, 3]), 2, 1, "area"))).toEqual([0.5, 2.5]);
  expect(reds(resizeFrames(row([0, 0, 1, 1]), 2, 1, "bilinear"))).toEqual([0, 1]);
  // a = -0.75: the two middle taps of a quarter have weights 0.8789 and 0.2617, the outer ones -0.1055 and -0.0352.
  expect(reds(resizeFrames(row([0, 0, 1, 0, 0]), 10, 1, "bicubic")).slice(3, 7)).toEqual([
    0.2617, 0.8789, 0.8789, 0.2617,
  ]);
});

test("antialiased filters see all that they stand for, and keep a constant", () => {
  const ramp = row(Array.from({ length: 64 }, (_, i) => i % 2));
  for (const value of reds(resizeFrames(ramp, 8, 1, "bicubic", true)))
    expect(value).toBeCloseTo(0.5, 1);
  for (const method of ["bilinear", "bicubic", "lanczos", "area", "nearest-exact"] as const) {
    const constant = resizeFrames(row([0.2, 0.2, 0.2, 0.2, 0.2]), 3, 4, method, true);
    for (const value of constant.data) expect(value).toBeCloseTo(0.2, 2);
    expect([constant.height, constant.width]).toEqual([4, 3]);
  }
});

test("the middle is cut out for another aspect", () => {
  const wide = row([0, 1, 2, 3, 4, 5]);
  expect(reds(resizeCropped(wide, 2, 1, "nearest-exact"))).toEqual([2, 3]);
  expect(reds(cropFrames(wide, 4, 0, 9, 9))).toEqual([4, 5]);
  expect(reds(cropFrames(wide, 99, 99, 1, 1))).toEqual([5]);
  expect([0.5, 1.5, 2.5, 3.4].map(halfEven)).toEqual([0, 2, 2, 3]);
});

test("sizes beyond reason are refused", () => {
  expect(() => resizeFrames(row([0, 1]), 0, 1, "area")).toThrow(/Expected 1 pictures of a size/);
  expect(() => resizeFrames(row([0, 1]), 65536, 65536, "area")).toThrow(/fits into memory/);
});

test("pixels for CLIP are normalised bytes, colours first", () => {
  const data = Float32Array.from({ length: 4 * 6 * 3 }, (_, i) => [1, 0, 0.5][i % 3] ?? 0);
  const pixels = clipPixels({ data, count: 1, height: 4, width: 6, channels: 3 }, 0, 2, "center");
  expect(pixels.length).toBe(12);
  expect(pixels[0]).toBeCloseTo((1 - 0.48145466) / 0.26862954, 5);
  expect(pixels[4]).toBeCloseTo(-0.4578275 / 0.26130258, 5);
  expect(pixels[8]).toBeCloseTo((128 / 255 - 0.40821073) / 0.27577711, 5);
});
