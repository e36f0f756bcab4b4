import { int, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import { decodeLatent } from "#runtime/vae/decode-latent";
import { tiled } from "#runtime/vae/tiled";

export default defineNode({
  type: "VAEDecodeTiled",
  title: "Decode in tiles",
  category: "latent",
  description:
    "Turns a latent into frames tile by tile: less memory for large pictures, for a little more time.",
  version: 1,
  inputs: {
    samples: socket("LATENT"),
    vae: socket("VAE"),
    tile_size: int({ default: 512, min: 64, max: 4096, step: 32, tooltip: "Pixels." }),
    overlap: int({ default: 64, min: 0, max: 4096, step: 32, tooltip: "Pixels." }),
    temporal_size: int({ default: 64, min: 8, max: 4096, step: 4, tooltip: "Frames at a time." }),
    temporal_overlap: int({ default: 8, min: 4, max: 4096, step: 4, tooltip: "Frames." }),
  },
  outputs: { IMAGE: output("IMAGE") },
  run: async (context, { samples, vae, ...tiles }) => {
    using lease = await context.models.vae(vae);
    const { latent } = lease.family;
    // ComfyUI's rule: an overlap of more than a quarter of the tile is cut down to it.
    const overlap = Math.min(tiles.overlap, Math.floor(tiles.tile_size / 4));
    const temporalOverlap = Math.min(tiles.temporal_overlap, Math.floor(tiles.temporal_size / 2));
    const decoder = tiled(lease.instance, latent, context.device, {
      size: Math.floor(tiles.tile_size / latent.spatialFactor),
      overlap: Math.floor(overlap / latent.spatialFactor),
      temporalSize: Math.max(2, Math.floor(tiles.temporal_size / latent.temporalFactor)),
      temporalOverlap: Math.max(1, Math.floor(temporalOverlap / latent.temporalFactor)),
    });
    return { IMAGE: await decodeLatent(context, lease, samples, decoder) };
  },
});
