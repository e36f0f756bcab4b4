import { halfEven, resizeFrames, RESIZE_METHODS } from "#runtime/media/resize";
import { combo, float, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "ImageScaleBy",
  title: "Resize images by a factor",
  category: "image",
  description: "Frames in a multiple of their size.",
  version: 1,
  inputs: {
    image: socket("IMAGE"),
    upscale_method: combo(RESIZE_METHODS),
    scale_by: float({ default: 1, min: 0.01, max: 8, step: 0.01 }),
  },
  outputs: { IMAGE: output("IMAGE") },
  run: (_context, { image, upscale_method, scale_by }) => {
    const scaled = (side: number) => Math.max(1, halfEven(side * scale_by));
    const [width, height] = [scaled(image.width), scaled(image.height)];
    return { IMAGE: resizeFrames(image, width, height, upscale_method) };
  },
});
