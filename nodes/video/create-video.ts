import { float, optionalSocket, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "CreateVideo",
  title: "Make video",
  category: "video",
  description: "Frames at a frame rate. Wan 2.1 is trained at 16 frames a second.",
  version: 1,
  inputs: {
    images: socket("IMAGE"),
    fps: float({ default: 30, min: 1, max: 120, step: 1 }),
    audio: optionalSocket("AUDIO"),
  },
  outputs: { VIDEO: output("VIDEO") },
  run: (_context, { images, fps }) => ({ VIDEO: { frames: images, fps } }),
});
