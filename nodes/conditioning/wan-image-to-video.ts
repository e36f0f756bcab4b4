import { resizeCropped } from "#runtime/media/resize";
import { int, optionalSocket, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import { emptyLatent, firstFrames } from "#runtime/vae/batches";
import { encodeKnownFrames, withExtra } from "#runtime/vae/known-frames";

export default defineNode({
  type: "WanImageToVideo",
  title: "Wan: image to video",
  category: "conditioning",
  description:
    "Prompts and an empty latent for a clip that begins with an image. The CLIP vision output is for Wan 2.1; 2.2 goes without.",
  version: 1,
  inputs: {
    positive: socket("CONDITIONING"),
    negative: socket("CONDITIONING"),
    vae: socket("VAE"),
    width: int({ default: 832, min: 16, max: 16384, step: 16 }),
    height: int({ default: 480, min: 16, max: 16384, step: 16 }),
    length: int({ default: 81, min: 1, max: 16384, step: 4, tooltip: "Frames." }),
    batch_size: int({ default: 1, min: 1, max: 4096 }),
    clip_vision_output: optionalSocket("CLIP_VISION_OUTPUT"),
    start_image: optionalSocket("IMAGE"),
  },
  outputs: {
    positive: output("CONDITIONING"),
    negative: output("CONDITIONING"),
    latent: output("LATENT"),
  },
  run: async (context, inputs) => {
    const { width, height, length, start_image, clip_vision_output: seen } = inputs;
    const extra = seen === undefined ? {} : { clip_vision: seen.penultimate };
    if (start_image !== undefined) {
      using lease = await context.models.vae(inputs.vae);
      const start = resizeCropped(firstFrames(start_image, length), width, height, "bilinear");
      const marked = 4 * (Math.floor((start.count - 1) / 4) + 1);
      const known = { width, height, length, start, marked };
      const { latent, mask } = await encodeKnownFrames(context, lease, known);
      Object.assign(extra, { concat_latent_image: latent, concat_mask: mask });
    }
    return {
      positive: withExtra(inputs.positive, extra),
      negative: withExtra(inputs.negative, extra),
      latent: emptyLatent(inputs.batch_size, width, height, length),
    };
  },
});
