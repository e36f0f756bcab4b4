import { describe, expect, test } from "vitest";
import { arcsFrom } from "../../../renderer/player/arc-shapes.ts";
import { differencePicture } from "../../../renderer/player/difference-picture.ts";
import { previewPixels } from "../../../renderer/player/preview-frames.ts";
import { worstStretch } from "../../../renderer/player/worst-stretch.ts";

test("arcs leave out pairs without blocks, and lie strongest on top", () => {
  const shares = new Float32Array([1, 0.5, 0, 0.9, 1, 0.2, 0.1, 0.3, 1]);
  const arcs = arcsFrom(0, shares, { width: 300, height: 60, frames: 3 });
  expect(arcs.map(({ to }) => to)).toEqual([1]);
  expect(arcs[0]).toMatchObject({ distance: 1, share: 0.5, foot: { x: 150 } });
  const two = arcsFrom(1, shares, { width: 300, height: 60, frames: 3 });
  expect(two.map(({ to }) => to)).toEqual([2, 0]);
  expect(two[1]?.width).toBeGreaterThan(two[0]?.width ?? 0);
});

describe("the worst stretch", () => {
  test("is found and widened to what is as low", () => {
    const curve = Array.from({ length: 81 }, (_, i) => (i >= 53 && i < 62 ? 18 : 30 + Math.sin(i)));
    expect(worstStretch(curve)).toEqual({ first: 53, last: 61 });
  });

  test("is nothing on a level curve, a short one, and for equal clips", () => {
    expect(worstStretch(Array.from({ length: 40 }, () => 30))).toBeNull();
    expect(worstStretch([1, 2, 3])).toBeNull();
    expect(worstStretch(Array.from({ length: 40 }, () => null))).toBeNull();
  });
});

test("the difference of equal pictures is the dark end, of opposite ones the bright end", () => {
  const a = new Uint8ClampedArray([10, 20, 30, 255, 0, 0, 0, 255]);
  const b = new Uint8ClampedArray([10, 20, 30, 255, 255, 255, 255, 255]);
  const out = new Uint8ClampedArray(8);
  differencePicture(a, b, out);
  expect(Array.from(out.slice(0, 4))).toEqual([13, 17, 18, 255]);
  expect(out[4]).toBeGreaterThan(240);
});

test("preview frames become opaque pictures; past the end the last stays", () => {
  const preview = { frames: 2, width: 1, height: 1, data: new Uint8Array([1, 2, 3, 4, 5, 6]) };
  expect([...previewPixels(preview, 0)]).toEqual([1, 2, 3, 255]);
  expect([...previewPixels(preview, 9)]).toEqual([4, 5, 6, 255]);
});
