import { socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "GetImageSizeAndCount",
  title: "Size of images (KJNodes)",
  category: "kjnodes",
  description: "Width, height and number of images, and the images themselves.",
  version: 1,
  inputs: { image: socket("IMAGE") },
  outputs: {
    image: output("IMAGE"),
    width: output("INT"),
    height: output("INT"),
    count: output("INT"),
  },
  run: (_context, { image }) => ({
    image,
    width: image.width,
    height: image.height,
    count: image.count,
  }),
});
