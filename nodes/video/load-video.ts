import { fileFingerprint, readClip } from "#runtime/media/read-clip";
import { file } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "LoadVideo",
  title: "Load video",
  category: "video",
  description: "A clip (MP4, MOV, WebM, animated WebP) from the input folder.",
  version: 1,
  inputs: { file: file("input", { accept: "video" }) },
  outputs: { VIDEO: output("VIDEO") },
  fingerprint: ({ file: name }, context) => fileFingerprint(context.inputPath(name ?? "")),
  run: async (context, { file: name }) => ({
    VIDEO: await readClip(context.inputPath(name), context.signal),
  }),
});
