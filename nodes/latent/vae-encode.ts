import { socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import { encodeFrames } from "#runtime/vae/encode-frames";

export default defineNode({
  type: "VAEEncode",
  title: "Encode",
  category: "latent",
  description: "Turns frames into a latent, for video to video.",
  version: 1,
  inputs: { pixels: socket("IMAGE"), vae: socket("VAE") },
  outputs: { LATENT: output("LATENT") },
  run: async (context, { pixels, vae }) => {
    using lease = await context.models.vae(vae);
    return { LATENT: await encodeFrames(context, lease, pixels) };
  },
});
