import { resizeCropped } from "#runtime/media/resize";
import { int, optionalSocket, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import { emptyLatent, firstFrames, lastFrames } from "#runtime/vae/batches";
import { encodeKnownFrames, joinRows, withExtra } from "#runtime/vae/known-frames";

export default defineNode({
  type: "WanFirstLastFrameToVideo",
  title: "Wan: first and last frame to video",
  category: "conditioning",
  description: "Prompts and an empty latent for a clip from one image to another.",
  version: 1,
  inputs: {
    positive: socket("CONDITIONING"),
    negative: socket("CONDITIONING"),
    vae: socket("VAE"),
    width: int({ default: 832, min: 16, max: 16384, step: 16 }),
    height: int({ default: 480, min: 16, max: 16384, step: 16 }),
    length: int({ default: 81, min: 1, max: 16384, step: 4, tooltip: "Frames." }),
    batch_size: int({ default: 1, min: 1, max: 4096 }),
    clip_vision_start_image: optionalSocket("CLIP_VISION_OUTPUT"),
    clip_vision_end_image: optionalSocket("CLIP_VISION_OUTPUT"),
    start_image: optionalSocket("IMAGE"),
    end_image: optionalSocket("IMAGE"),
  },
  outputs: {
    positive: output("CONDITIONING"),
    negative: output("CONDITIONING"),
    latent: output("LATENT"),
  },
  run: async (context, inputs) => {
    const { width, height, length, start_image, end_image } = inputs;
    using lease = await context.models.vae(inputs.vae);
    const scaled = (image: typeof start_image, part: typeof firstFrames) =>
      image === undefined
        ? undefined
        : resizeCropped(part(image, length), width, height, "bilinear");
    const [start, end] = [scaled(start_image, firstFrames), scaled(end_image, lastFrames)];
    const { latent, mask } = await encodeKnownFrames(context, lease, {
      width,
      height,
      length,
      ...(start === undefined ? {} : { start }),
      ...(end === undefined ? {} : { end }),
    });
    const seen = [inputs.clip_vision_start_image, inputs.clip_vision_end_image].filter(
      (output_) => output_ !== undefined,
    );
    const [first, second] = seen.map(({ penultimate }) => penultimate);
    const rows = first === undefined || second === undefined ? first : joinRows(first, second);
    const extra = {
      concat_latent_image: latent,
      concat_mask: mask,
      ...(rows === undefined ? {} : { clip_vision: rows }),
    };
    return {
      positive: withExtra(inputs.positive, extra),
      negative: withExtra(inputs.negative, extra),
      latent: emptyLatent(inputs.batch_size, width, height, length),
    };
  },
});
