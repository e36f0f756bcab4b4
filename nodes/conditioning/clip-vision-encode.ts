import { UmbelError } from "#runtime/errors";
import { clipPixels } from "#runtime/media/clip-pixels";
import { combo, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import { seePictures } from "#runtime/vae/seen-pictures";

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
    const pixels = (index: number, size: number) => clipPixels(image, index, size, crop);
    const [penultimate] = await seePictures(context.device, lease.instance, 1, pixels);
    if (penultimate === undefined) throw new UmbelError("ERR_INTERNAL", "Expected a picture.");
    return { CLIP_VISION_OUTPUT: { penultimate } };
  },
});
