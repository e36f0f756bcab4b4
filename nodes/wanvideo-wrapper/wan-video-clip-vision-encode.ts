import { clipPixels } from "#runtime/media/clip-pixels";
import { boolean, combo, float, int, optionalSocket, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import { combineSeen, seePictures } from "#runtime/vae/seen-pictures";

const strength = float({ default: 1, min: 0, max: 10, step: 0.001 });

export default defineNode({
  type: "WanVideoClipVisionEncode",
  title: "WanVideo: describe pictures",
  category: "wanvideo wrapper",
  description: "What CLIP vision sees in one picture or several, for Wan 2.1's image to video.",
  version: 1,
  inputs: {
    clip_vision: socket("CLIP_VISION"),
    image_1: socket("IMAGE"),
    strength_1: strength,
    strength_2: strength,
    crop: combo(["center", "disabled"], { tooltip: "Cut the middle out, or squash the picture." }),
    combine_embeds: combo(["average", "sum", "concat", "batch"], {
      tooltip: "How several pictures become one description.",
    }),
    force_offload: boolean({ default: true, advanced: true }),
    image_2: optionalSocket("IMAGE"),
    negative_image: optionalSocket("IMAGE"),
    tiles: int({ default: 0, min: 0, max: 16, step: 2, advanced: true }),
    ratio: float({ default: 0.5, min: 0, max: 1, step: 0.01, advanced: true }),
  },
  outputs: { image_embeds: output("WANVIDIMAGE_CLIPEMBEDS") },
  check: ({ tiles = 0, combine_embeds = "average" }) => [
    ...(tiles === 0
      ? []
      : [`Expected 0 for "tiles", got ${tiles}: pictures are not seen in tiles here.`]),
    ...(combine_embeds === "batch"
      ? ['Expected "average", "sum" or "concat" for "combine_embeds", got "batch".']
      : []),
  ],
  run: async (context, inputs) => {
    const { image_1, image_2, negative_image, combine_embeds } = inputs;
    using lease = await context.models.clipVision(inputs.clip_vision);
    for (const warning of lease.warnings) context.warn(warning);
    const crop = inputs.crop === "center" ? "center" : "none";
    const see = (image: typeof image_1) =>
      seePictures(context.device, lease.instance, image.count, (index, size) =>
        clipPixels(image, index, size, crop),
      );
    const seen = [...(await see(image_1)), ...(image_2 === undefined ? [] : await see(image_2))];
    const strengths = [inputs.strength_1, inputs.strength_2];
    const how = combine_embeds === "batch" ? "average" : combine_embeds;
    const [negative = null] = negative_image === undefined ? [] : await see(negative_image);
    return { image_embeds: { positive: combineSeen(seen, strengths, how), negative } };
  },
});
