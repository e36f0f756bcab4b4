import { combo, file } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import { twoEncoders } from "#runtime/text/two-encoders";

export default defineNode({
  type: "DualCLIPLoader",
  title: "Load two text encoders",
  category: "loaders",
  description:
    "Text encoders of models that read a prompt twice (HunyuanVideo: CLIP-L and LLaVA-LLaMA-3), in either order.",
  version: 1,
  inputs: {
    clip_name1: file("text_encoders"),
    clip_name2: file("text_encoders"),
    type: combo(["hunyuan_video"], { tooltip: "Model family whose prompts they encode." }),
    device: combo(["default", "cpu"], { advanced: true }),
  },
  outputs: { CLIP: output("CLIP") },
  run: (context, { clip_name1, clip_name2 }) => ({
    CLIP: twoEncoders(context, [clip_name1, clip_name2]),
  }),
});
