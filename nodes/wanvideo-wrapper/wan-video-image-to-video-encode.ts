import { UmbelError } from "#runtime/errors";
import { resizeFrames } from "#runtime/media/resize";
import { noisyFrames } from "#runtime/sampling/noisy-frames";
import { boolean, float, int, optionalSocket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import type { Frames } from "#runtime/sdk/values";
import { firstFrames, lastFrames } from "#runtime/vae/batches";
import { encodeKnownFrames } from "#runtime/vae/known-frames";
import { scaleLatentFrame } from "#runtime/vae/latent-strength";

const strength = float({ default: 1, min: 0, max: 10, step: 0.001 });

export default defineNode({
  type: "WanVideoImageToVideoEncode",
  title: "WanVideo: image to video",
  category: "wanvideo wrapper",
  description:
    "A clip that begins with pictures, ends with them, or both. What CLIP vision sees in them is for Wan 2.1; 2.2 goes without.",
  version: 1,
  inputs: {
    width: int({ default: 832, min: 64, max: 8096, step: 8 }),
    height: int({ default: 480, min: 64, max: 8096, step: 8 }),
    num_frames: int({ default: 81, min: 1, max: 10000, step: 4 }),
    noise_aug_strength: float({
      default: 0,
      min: 0,
      max: 10,
      step: 0.001,
      tooltip: "Noise on the pictures, which lets more move. It is the same in every run here.",
    }),
    start_latent_strength: strength,
    end_latent_strength: strength,
    force_offload: boolean({ default: true, advanced: true }),
    vae: optionalSocket("WANVAE"),
    clip_embeds: optionalSocket("WANVIDIMAGE_CLIPEMBEDS"),
    start_image: optionalSocket("IMAGE"),
    end_image: optionalSocket("IMAGE"),
    fun_or_fl2v_model: boolean({
      default: true,
      tooltip: "The model was trained with a first and a last picture.",
    }),
    tiled_vae: boolean({ default: false, advanced: true }),
  },
  outputs: { image_embeds: output("WANVIDIMAGE_EMBEDS") },
  run: async (context, inputs) => {
    const { width, height, vae, start_image, end_image, clip_embeds } = inputs;
    if (vae === undefined)
      throw new UmbelError("ERR_NODE", 'Expected an autoencoder at "vae", got none.');
    if (start_image !== undefined && end_image !== undefined && !inputs.fun_or_fl2v_model) {
      throw new UmbelError(
        "ERR_NODE",
        'Expected "fun_or_fl2v_model" for a first and a last picture, got them without: ' +
          "a last picture as a frame of its own is not made here.",
      );
    }
    const frames = Math.floor((inputs.num_frames - 1) / 4) * 4 + 1;
    const scaled = (image: Frames | undefined, part: typeof firstFrames) =>
      image === undefined
        ? undefined
        : noisyFrames(
            resizeFrames(part(image, frames), width, height, "lanczos"),
            inputs.noise_aug_strength,
          );
    const [start, end] = [scaled(start_image, firstFrames), scaled(end_image, lastFrames)];
    using lease = await context.models.vae(vae);
    const { latent, mask } = await encodeKnownFrames(context, lease, {
      width,
      height,
      length: frames,
      ...(start === undefined ? {} : { start }),
      ...(end === undefined ? {} : { end }),
    });
    const weighed = scaleLatentFrame(
      scaleLatentFrame(latent, 0, inputs.start_latent_strength),
      -1,
      inputs.end_latent_strength,
    );
    const known = { concat_latent_image: weighed, concat_mask: mask };
    const seen = clip_embeds?.positive;
    const unwanted = clip_embeds?.negative ?? seen;
    return {
      image_embeds: {
        width,
        height,
        frames,
        positive: seen === undefined ? known : { ...known, clip_vision: seen },
        negative: unwanted === undefined ? known : { ...known, clip_vision: unwanted },
      },
    };
  },
});
