import { resizeCropped } from "#runtime/media/resize";
import { int, optionalSocket, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import { wan22Latent } from "#runtime/sdk/wan-latents";
import { encodeFrames } from "#runtime/vae/encode-frames";
import { firstFrames, repeatLatent } from "#runtime/vae/batches";

export default defineNode({
  type: "Wan22ImageToVideoLatent",
  title: "Wan 2.2: latent from an image",
  category: "latent",
  description:
    "The size and length of a clip for Wan 2.2 TI2V 5B; with an image, the clip begins with it. Frames come in steps of 4, plus 1.",
  version: 1,
  inputs: {
    vae: socket("VAE"),
    width: int({ default: 1280, min: 32, max: 16384, step: 32 }),
    height: int({ default: 704, min: 32, max: 16384, step: 32 }),
    length: int({ default: 49, min: 1, max: 16384, step: 4, tooltip: "Frames." }),
    batch_size: int({ default: 1, min: 1, max: 4096 }),
    start_image: optionalSocket("IMAGE"),
  },
  outputs: { LATENT: output("LATENT") },
  run: async (context, { vae, width, height, length, batch_size, start_image }) => {
    const { channels, spatialFactor, temporalFactor, mean } = wan22Latent;
    const size = [
      Math.floor((length - 1) / temporalFactor) + 1,
      Math.floor(height / spatialFactor),
      Math.floor(width / spatialFactor),
    ];
    const plane = size.reduce((product, extent) => product * extent, 1);
    const shape = [1, channels, ...size];
    if (start_image === undefined) {
      const samples = { data: new Float32Array(channels * plane), shape };
      return { LATENT: repeatLatent({ samples }, batch_size) };
    }
    using lease = await context.models.vae(vae);
    const frames = resizeCropped(firstFrames(start_image, length), width, height, "bilinear");
    const { samples: known } = await encodeFrames(context, lease, frames);
    const knownPlane = known.data.length / channels;
    // What is unknown is the mean of latents, which is zero on the model's scale.
    const data = new Float32Array(channels * plane);
    for (let c = 0; c < channels; c++) {
      data.fill(mean[c] ?? 0, c * plane, (c + 1) * plane);
      data.set(known.data.subarray(c * knownPlane, (c + 1) * knownPlane), c * plane);
    }
    const mask = new Float32Array(plane).fill(1).fill(0, 0, knownPlane);
    const latent = { samples: { data, shape }, mask: { data: mask, shape: [1, 1, ...size] } };
    return { LATENT: repeatLatent(latent, batch_size) };
  },
});
