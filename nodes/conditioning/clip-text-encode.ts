import { socket, text } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";
import { resolveDynamicPrompt } from "#runtime/text/dynamic-prompt";
import { encodeTokens, tokenizePrompt } from "#runtime/text/encode-prompt";
import { tokenizerOf } from "#runtime/text/tokenizer-of";

export default defineNode({
  type: "CLIPTextEncode",
  title: "Prompt",
  category: "conditioning",
  description: "Turns a prompt into what the model reads. (words:1.2) weighs words, {a|b} chooses.",
  version: 1,
  inputs: { text: text({ multiline: true, dynamicPrompts: true }), clip: socket("CLIP") },
  outputs: { CONDITIONING: output("CONDITIONING") },
  run: async (context, { text: prompt, clip }) => {
    using lease = await context.models.textEncoder(clip);
    for (const warning of lease.warnings) context.warn(warning);
    const tokenizer = tokenizerOf(lease.tokenizer);
    const tokens = tokenizePrompt(tokenizer, resolveDynamicPrompt(prompt, 0n));
    for (const name of tokens.missingEmbeddings) {
      context.warn(
        `Expected a textual inversion "${name}", got none; the prompt is used without it.`,
      );
    }
    return { CONDITIONING: [await encodeTokens(lease.instance, tokens)] };
  },
});
