import { encodeVideo } from "#runtime/media/encode-video";
import { combo, socket, text } from "#runtime/sdk/inputs";
import { defineNode } from "#runtime/sdk/node";

/** Visually lossless for generated clips, at a few hundred kilobytes a second. */
const CRF = 16;

export default defineNode({
  type: "SaveVideo",
  title: "Save video",
  category: "video",
  description: "Writes an MP4 (H.264) into the output folder, with the graph inside.",
  version: 1,
  inputs: {
    video: socket("VIDEO"),
    filename_prefix: text({
      default: "video/umbel",
      tooltip: "May hold %date:yyyy-MM-dd%, %width%, %Node.parameter%.",
    }),
    format: combo(["auto", "mp4"]),
    codec: combo(["auto", "h264"]),
  },
  outputs: {},
  output: true,
  run: async (context, { video, filename_prefix }) => {
    const { frames, fps } = video;
    const { width, height, count } = frames;
    const path = await context.saveOutput(filename_prefix, "mp4", { width, height }, (temporary) =>
      encodeVideo(temporary, frames, {
        container: "mp4",
        codec: "h264",
        fps,
        crf: CRF,
        tags: context.embed,
        signal: context.signal,
        onFrame: (done) => context.progress(done, count),
      }),
    );
    context.publish({ kind: "video", path, temporary: false, width, height, frames: count, fps });
    return {};
  },
});
