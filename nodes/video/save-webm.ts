import { encodeVideo } from "#runtime/media/encode-video";
import { combo, float, socket, text } from "#runtime/sdk/inputs";
import { defineNode } from "#runtime/sdk/node";

export default defineNode({
  type: "SaveWEBM",
  title: "Save WebM",
  category: "video",
  description:
    "Writes a WebM (VP9 or AV1) into the output folder, with the graph inside. AV1 is slow to encode.",
  version: 1,
  inputs: {
    images: socket("IMAGE"),
    filename_prefix: text({ default: "umbel" }),
    codec: combo(["vp9", "av1"]),
    fps: float({ default: 24, min: 0.01, max: 1000, step: 0.01 }),
    crf: float({ default: 32, min: 0, max: 63, step: 1, tooltip: "Lower is better and larger." }),
  },
  outputs: {},
  output: true,
  run: async (context, { images, filename_prefix, codec, fps, crf }) => {
    const { width, height, count } = images;
    const path = await context.saveOutput(filename_prefix, "webm", { width, height }, (temporary) =>
      encodeVideo(temporary, images, {
        container: "webm",
        codec,
        fps,
        crf,
        tags: context.embed,
        signal: context.signal,
        onFrame: (done) => context.progress(done, count),
      }),
    );
    context.publish({ kind: "video", path, temporary: false, width, height, frames: count, fps });
    return {};
  },
});
