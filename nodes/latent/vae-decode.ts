import { socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import { decodeLatent } from "#runtime/vae/decode-latent";

export default defineNode({
  type: "VAEDecode",
  title: "Decode",
  category: "latent",
  description:
    "Turns a latent into frames, in the tiles of the VAE's authors where a clip cannot be worked off frame by frame.",
  version: 1,
  inputs: { samples: socket("LATENT"), vae: socket("VAE") },
  outputs: { IMAGE: output("IMAGE") },
  run: async (context, { samples, vae }) => {
    using lease = await context.models.vae(vae);
    return { IMAGE: await decodeLatent(context, lease, samples) };
  },
});
