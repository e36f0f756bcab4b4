import { halfEven, resizeCropped, resizeFrames, RESIZE_METHODS } from "#runtime/media/resize";
import { combo, int, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "ImageScale",
  title: "Resize images",
  category: "image",
  description: "Frames in another size; 0 for one side keeps the aspect.",
  version: 1,
  inputs: {
    image: socket("IMAGE"),
    upscale_method: combo(RESIZE_METHODS),
    width: int({ default: 512, min: 0, max: 16384 }),
    height: int({ default: 512, min: 0, max: 16384 }),
    crop: combo(["disabled", "center"]),
  },
  outputs: { IMAGE: output("IMAGE") },
  run: (_context, { image, upscale_method, width, height, crop }) => {
    if (width === 0 && height === 0) return { IMAGE: image };
    const w = width || Math.max(1, halfEven((image.width * height) / image.height));
    const h = height || Math.max(1, halfEven((image.height * width) / image.width));
    const resize = crop === "center" ? resizeCropped : resizeFrames;
    return { IMAGE: resize(image, w, h, upscale_method) };
  },
});
