import { cropFrames, halfEven, resizeFrames, RESIZE_METHODS } from "#runtime/media/resize";
import { combo, int, socket, text } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import type { Frames } from "#runtime/sdk/values";

const POSITIONS = ["center", "top", "bottom", "left", "right"] as const;
/** Those that add what is not in the image are listed so that old graphs open, and refused with words. */
const PADDED = ["pad", "pad_edge", "pad_edge_pixel", "pillarbox_blur"];

export default defineNode({
  type: "ImageResizeKJv2",
  title: "Resize images (KJNodes)",
  category: "kjnodes",
  description:
    "Images in another size: stretched, as large as fits in, or cropped; 0 keeps a side.",
  version: 1,
  inputs: {
    image: socket("IMAGE"),
    width: int({ default: 512, min: 0, max: 16384 }),
    height: int({ default: 512, min: 0, max: 16384 }),
    upscale_method: combo(RESIZE_METHODS),
    keep_proportion: combo(["stretch", "resize", ...PADDED, "crop"]),
    pad_color: text({ default: "0, 0, 0", advanced: true }),
    crop_position: combo(POSITIONS),
    divisible_by: int({ default: 2, min: 0, max: 512 }),
    device: combo(["cpu", "gpu"], { advanced: true }),
  },
  outputs: { IMAGE: output("IMAGE"), width: output("INT"), height: output("INT") },
  check: ({ keep_proportion = "stretch" }) =>
    PADDED.includes(keep_proportion)
      ? [
          `Expected stretch, resize or crop for "keep_proportion", got "${keep_proportion}": images are not padded here.`,
        ]
      : [],
  run: (_context, inputs) => {
    const { image, keep_proportion, divisible_by } = inputs;
    const whole = { width: inputs.width || image.width, height: inputs.height || image.height };
    const ratio = Math.min(whole.width / image.width, whole.height / image.height);
    const fitted =
      keep_proportion === "resize"
        ? { width: halfEven(image.width * ratio), height: halfEven(image.height * ratio) }
        : whole;
    const divided = (extent: number) =>
      Math.max(1, divisible_by > 1 ? extent - (extent % divisible_by) : extent);
    const [width, height] = [divided(fitted.width), divided(fitted.height)];
    const part =
      keep_proportion === "crop" ? cropTo(image, width / height, inputs.crop_position) : image;
    return { IMAGE: resizeFrames(part, width, height, inputs.upscale_method), width, height };
  },
});

/** The largest part of an aspect, at one side or in the middle. */
function cropTo(image: Frames, aspect: number, position: (typeof POSITIONS)[number]): Frames {
  const isWide = image.width / image.height > aspect;
  const width = isWide ? halfEven(image.height * aspect) : image.width;
  const height = isWide ? image.height : halfEven(image.width / aspect);
  const [right, bottom] = [image.width - width, image.height - height];
  const places = { left: 0, right, center: Math.floor(right / 2) } as const;
  const x = position === "left" || position === "right" ? places[position] : places.center;
  const y = position === "top" ? 0 : position === "bottom" ? bottom : Math.floor(bottom / 2);
  return cropFrames(image, x, y, width, height);
}
