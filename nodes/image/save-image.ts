import { writePng } from "#runtime/media/pictures";
import { socket, text } from "#runtime/sdk/inputs";
import { defineNode } from "#runtime/sdk/node";

export default defineNode({
  type: "SaveImage",
  title: "Save images",
  category: "image",
  description: "Writes each frame as PNG into the output folder, with the graph inside.",
  version: 1,
  inputs: {
    images: socket("IMAGE"),
    filename_prefix: text({
      default: "umbel",
      tooltip: "May hold %date:yyyy-MM-dd%, %width%, %Node.parameter%.",
    }),
  },
  outputs: {},
  output: true,
  run: async (context, { images, filename_prefix }) => {
    const { width, height, count } = images;
    for (let i = 0; i < count; i++) {
      context.checkCancelled();
      const path = await context.saveOutput(
        filename_prefix,
        "png",
        { width, height },
        (temporary) => writePng(temporary, images, i, context.embed),
      );
      context.publish({ kind: "image", path, temporary: false, width, height, frames: 1 });
      context.progress(i + 1, count);
    }
    return {};
  },
});
