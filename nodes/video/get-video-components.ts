import { socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "GetVideoComponents",
  title: "Frames of a video",
  category: "video",
  description: "Takes a video apart into frames and frame rate. Sound is not read.",
  version: 1,
  inputs: { video: socket("VIDEO") },
  outputs: { images: output("IMAGE"), audio: output("AUDIO"), fps: output("FLOAT") },
  run: (_context, { video }) => ({ images: video.frames, audio: null, fps: video.fps }),
});
