import { int } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "WanVideoEmptyEmbeds",
  title: "WanVideo: size",
  category: "wanvideo wrapper",
  description: "Size and length of a clip that is made from text alone.",
  version: 1,
  inputs: {
    width: int({ default: 832, min: 64, max: 8096, step: 8 }),
    height: int({ default: 480, min: 64, max: 8096, step: 8 }),
    num_frames: int({ default: 81, min: 1, max: 10000, step: 4 }),
  },
  outputs: { image_embeds: output("WANVIDIMAGE_EMBEDS") },
  run: (_context, { width, height, num_frames }) => ({
    image_embeds: { width, height, frames: Math.floor((num_frames - 1) / 4) * 4 + 1 },
  }),
});
