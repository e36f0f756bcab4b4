import { writePng } from "#runtime/media/pictures";
import { socket } from "#runtime/sdk/inputs";
import { defineNode } from "#runtime/sdk/node";

export default defineNode({
  type: "PreviewImage",
  title: "Preview images",
  category: "image",
  description: "Shows frames without keeping them.",
  version: 1,
  inputs: { images: socket("IMAGE") },
  outputs: {},
  output: true,
  run: async (context, { images }) => {
    const { width, height, count } = images;
    for (let i = 0; i < count; i++) {
      context.checkCancelled();
      const options = { temporary: true, width, height };
      const path = await context.saveOutput("preview", "png", options, (temporary) =>
        writePng(temporary, images, i, context.embed),
      );
      context.publish({ kind: "image", path, temporary: true, width, height, frames: 1 });
      context.progress(i + 1, count);
    }
    return {};
  },
});
