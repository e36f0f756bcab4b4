import { float, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "FluxGuidance",
  title: "Guidance (distilled)",
  category: "conditioning",
  description:
    "How closely a distilled model (HunyuanVideo) follows the prompt: the model reads the number itself, so it costs nothing.",
  version: 1,
  inputs: {
    conditioning: socket("CONDITIONING"),
    guidance: float({ default: 3.5, min: 0, max: 100, step: 0.1 }),
  },
  outputs: { CONDITIONING: output("CONDITIONING") },
  run: (_context, { conditioning, guidance }) => ({
    CONDITIONING: conditioning.map((part) => ({ ...part, extra: { ...part.extra, guidance } })),
  }),
});
