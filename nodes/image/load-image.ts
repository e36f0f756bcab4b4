import { readPicture } from "#runtime/media/pictures";
import { fileFingerprint } from "#runtime/media/read-clip";
import { file } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "LoadImage",
  title: "Load image",
  category: "image",
  description: "A picture (PNG, WebP, JPEG) from the input folder; its transparency as a mask.",
  version: 1,
  inputs: { image: file("input", { accept: "image" }) },
  outputs: { IMAGE: output("IMAGE"), MASK: output("MASK") },
  fingerprint: ({ image }, context) => fileFingerprint(context.inputPath(image ?? "")),
  run: async (context, { image }) => {
    const { frames, mask } = await readPicture(context.inputPath(image));
    const { count, height, width } = frames;
    const opaque = { data: new Float32Array(count * height * width), count, height, width };
    return { IMAGE: frames, MASK: mask ?? opaque };
  },
});
