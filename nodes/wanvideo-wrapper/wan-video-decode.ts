import { boolean, combo, int, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import type { Frames } from "#runtime/sdk/values";
import { decodeLatent } from "#runtime/vae/decode-latent";
import { tiled } from "#runtime/vae/tiled";

export default defineNode({
  type: "WanVideoDecode",
  title: "WanVideo: decode",
  category: "wanvideo wrapper",
  description: "Turns a latent into frames, in tiles where memory is short.",
  version: 1,
  inputs: {
    vae: socket("WANVAE"),
    samples: socket("LATENT"),
    enable_vae_tiling: boolean({ default: false }),
    tile_x: int({ default: 272, min: 40, max: 2048, step: 8, advanced: true }),
    tile_y: int({ default: 272, min: 40, max: 2048, step: 8, advanced: true }),
    tile_stride_x: int({ default: 144, min: 32, max: 2040, step: 8, advanced: true }),
    tile_stride_y: int({ default: 128, min: 32, max: 2040, step: 8, advanced: true }),
    normalization: combo(["default", "minmax"], { advanced: true }),
  },
  outputs: { images: output("IMAGE") },
  check: ({
    enable_vae_tiling,
    tile_x = 272,
    tile_y = 272,
    tile_stride_x = 0,
    tile_stride_y = 0,
  }) =>
    enable_vae_tiling === true && (tile_stride_x >= tile_x || tile_stride_y >= tile_y)
      ? ["Expected strides below the size of a tile, got larger ones."]
      : [],
  run: async (context, inputs) => {
    using lease = await context.models.vae(inputs.vae);
    const { latent } = lease.family;
    const cells = (pixels: number): number => Math.floor(pixels / latent.spatialFactor);
    const size = Math.max(inputs.tile_x, inputs.tile_y);
    const overlap = Math.max(
      inputs.tile_x - inputs.tile_stride_x,
      inputs.tile_y - inputs.tile_stride_y,
    );
    const decoder = inputs.enable_vae_tiling
      ? tiled(lease.instance, latent, context.device, {
          size: cells(size),
          overlap: cells(overlap),
        })
      : lease.instance;
    const images = await decodeLatent(context, lease, inputs.samples, decoder);
    return { images: inputs.normalization === "minmax" ? stretched(images) : images };
  },
});

/** The darkest value becomes 0 and the brightest 1. */
function stretched(images: Frames): Frames {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of images.data) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!(high > low)) return images;
  return { ...images, data: images.data.map((value) => (value - low) / (high - low)) };
}
