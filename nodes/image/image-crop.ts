import { cropFrames } from "#runtime/media/resize";
import { int, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "ImageCrop",
  title: "Crop images",
  category: "image",
  description: "A rectangle out of each frame.",
  version: 1,
  inputs: {
    image: socket("IMAGE"),
    width: int({ default: 512, min: 1, max: 16384 }),
    height: int({ default: 512, min: 1, max: 16384 }),
    x: int({ default: 0, min: 0, max: 16384 }),
    y: int({ default: 0, min: 0, max: 16384 }),
  },
  outputs: { IMAGE: output("IMAGE") },
  run: (_context, { image, width, height, x, y }) => ({
    IMAGE: cropFrames(image, x, y, width, height),
  }),
});
