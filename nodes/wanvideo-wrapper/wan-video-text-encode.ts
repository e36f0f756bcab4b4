import { UmbelError } from "#runtime/errors";
import { boolean, combo, optionalSocket, text } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import { encodeScaledPrompt } from "#runtime/text/scaled-prompt";
import { tokenizerOf } from "#runtime/text/tokenizer-of";

export default defineNode({
  type: "WanVideoTextEncode",
  title: "WanVideo: prompts",
  category: "wanvideo wrapper",
  description:
    "What shall be seen and what shall not. (words:1.2) scales the whole prompt, as ComfyUI-WanVideoWrapper does it.",
  version: 1,
  inputs: {
    positive_prompt: text({ multiline: true }),
    negative_prompt: text({ multiline: true }),
    t5: optionalSocket("WANTEXTENCODER"),
    force_offload: boolean({ default: true, advanced: true }),
    model_to_offload: optionalSocket("WANVIDEOMODEL"),
    use_disk_cache: boolean({ default: false, advanced: true }),
    device: combo(["gpu", "cpu"], { advanced: true }),
  },
  outputs: { text_embeds: output("WANVIDEOTEXTEMBEDS") },
  run: async (context, { positive_prompt, negative_prompt, t5 }) => {
    if (t5 === undefined) {
      throw new UmbelError(
        "ERR_NODE",
        'Expected a text encoder at "t5", got none: prompts are not kept on disk here.',
      );
    }
    const [first = "", ...others] = positive_prompt.split("|").map((part) => part.trim());
    if (others.length > 0) {
      context.warn(
        `Expected one prompt, got ${others.length + 1} with "|" between them: the first is used.`,
      );
    }
    using lease = await context.models.textEncoder(t5);
    for (const warning of lease.warnings) context.warn(warning);
    const tokenizer = tokenizerOf(lease.tokenizer);
    return {
      text_embeds: {
        positive: [await encodeScaledPrompt(lease.instance, tokenizer, first)],
        negative: [await encodeScaledPrompt(lease.instance, tokenizer, negative_prompt, false)],
      },
    };
  },
});
