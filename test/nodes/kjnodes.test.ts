/** The nodes of ComfyUI-KJNodes that graphs of video models use most. */
import { expect, it } from "vitest";
import resize from "../../nodes/kjnodes/image-resize-kj-v2.ts";

const image = {
  data: Float32Array.from({ length: 4 * 8 * 3 }, (_, i) => Math.floor(i / 3) / 32),
  count: 1,
  height: 4,
  width: 8,
  channels: 3,
} as const;

function resized(values: object) {
  const inputs = {
    image,
    width: 4,
    height: 4,
    upscale_method: "nearest-exact",
    keep_proportion: "stretch",
    pad_color: "0, 0, 0",
    crop_position: "center",
    divisible_by: 1,
    device: "cpu",
    ...values,
  } as const;
  return resize.run(undefined as never, inputs as never) as {
    IMAGE: { data: Float32Array; width: number; height: number };
    width: number;
    height: number;
  };
}
/** Columns that the first row is made of. */
const columns = (values: object) => {
  const { IMAGE } = resized(values);
  return Array.from({ length: IMAGE.width }, (_, x) => Math.round(IMAGE.data[x * 3]! * 32));
};

it("crops at a side or in the middle, so that nothing is stretched", () => {
  expect(columns({ keep_proportion: "crop" })).toEqual([2, 3, 4, 5]);
  expect(columns({ keep_proportion: "crop", crop_position: "left" })).toEqual([0, 1, 2, 3]);
  expect(columns({ keep_proportion: "crop", crop_position: "right" })).toEqual([4, 5, 6, 7]);
});

it("fits in, and makes sides divisible", () => {
  expect(resized({ keep_proportion: "resize" })).toMatchObject({ width: 4, height: 2 });
  expect(resized({ width: 0, height: 3, divisible_by: 2 })).toMatchObject({ width: 8, height: 2 });
});

it("refuses to pad", () => {
  const problems = resize.check?.({ keep_proportion: "pad" } as never);
  expect(problems?.join()).toMatch(/not padded here/);
});
