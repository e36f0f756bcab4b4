import { socket, text } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import { resolveDynamicPrompt } from "#runtime/text/dynamic-prompt";
import { encodeClip } from "#runtime/text/encode-clip";

export default defineNode({
  type: "CLIPTextEncode",
  title: "Prompt",
  category: "conditioning",
  description: "Turns a prompt into what the model reads. (words:1.2) weighs words, {a|b} chooses.",
  version: 1,
  inputs: { text: text({ multiline: true, dynamicPrompts: true }), clip: socket("CLIP") },
  outputs: { CONDITIONING: output("CONDITIONING") },
  run: async (context, { text: prompt, clip }) => ({
    CONDITIONING: [await encodeClip(context, clip, resolveDynamicPrompt(prompt, 0n))],
  }),
});
