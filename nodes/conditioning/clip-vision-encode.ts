import { clipPixels } from "#runtime/media/clip-pixels";
import { combo, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "CLIPVisionEncode",
  title: "Describe image (CLIP vision)",
  category: "conditioning",
  description: "What a CLIP vision model sees in an image; the first of several counts.",
  version: 1,
  inputs: {
    clip_vision: socket("CLIP_VISION"),
    image: socket("IMAGE"),
    crop: combo(["center", "none"], { tooltip: "Cut the middle out, or squash the image." }),
  },
  outputs: { CLIP_VISION_OUTPUT: output("CLIP_VISION_OUTPUT") },
  run: async (context, { clip_vision, image, crop }) => {
    using lease = await context.models.clipVision(clip_vision);
    const { imageSize } = lease.instance;
    const values = clipPixels(image, 0, imageSize, crop);
    using pixels = context.device.tensor(values, [3, imageSize, imageSize]);
    const { penultimate, embedding } = lease.instance.forward(pixels);
    using rows = penultimate;
    embedding[Symbol.dispose]();
    return { CLIP_VISION_OUTPUT: { penultimate: { data: await rows.read(), shape: rows.shape } } };
  },
});
