import { writeAnimatedWebp } from "#runtime/media/pictures";
import { boolean, combo, float, int, socket, text } from "#runtime/sdk/inputs";
import { defineNode } from "#runtime/sdk/node";

const EFFORT = { default: 4, fastest: 0, slowest: 6 } as const;

export default defineNode({
  type: "SaveAnimatedWEBP",
  title: "Save animated WebP",
  category: "video",
  description: "Writes an endless animation into the output folder, with the graph inside.",
  version: 1,
  inputs: {
    images: socket("IMAGE"),
    filename_prefix: text({ default: "umbel" }),
    fps: float({ default: 6, min: 0.01, max: 1000, step: 0.01 }),
    lossless: boolean({ default: true }),
    quality: int({ default: 80, min: 0, max: 100 }),
    method: combo(["default", "fastest", "slowest"]),
  },
  outputs: {},
  output: true,
  run: async (context, { images, filename_prefix, fps, lossless, quality, method }) => {
    const { width, height, count } = images;
    const path = await context.saveOutput(filename_prefix, "webp", { width, height }, (temporary) =>
      writeAnimatedWebp(temporary, images, {
        fps,
        lossless,
        quality,
        effort: EFFORT[method],
        tags: context.embed,
      }),
    );
    context.publish({ kind: "image", path, temporary: false, width, height, frames: count, fps });
    return {};
  },
});
