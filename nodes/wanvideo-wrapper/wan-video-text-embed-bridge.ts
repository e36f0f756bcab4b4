import { optionalSocket, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "WanVideoTextEmbedBridge",
  title: "WanVideo: prompts from conditioning",
  category: "wanvideo wrapper",
  description: "Takes prompts of the Prompt node to the nodes of ComfyUI-WanVideoWrapper.",
  version: 1,
  inputs: { positive: socket("CONDITIONING"), negative: optionalSocket("CONDITIONING") },
  outputs: { text_embeds: output("WANVIDEOTEXTEMBEDS") },
  run: (_context, { positive, negative = null }) => ({ text_embeds: { positive, negative } }),
});
