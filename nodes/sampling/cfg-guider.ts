import { float, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "CFGGuider",
  title: "CFG guider",
  category: "sampling",
  description: "Classifier-free guidance: away from the negative prompt, towards the positive one.",
  version: 1,
  inputs: {
    model: socket("MODEL"),
    positive: socket("CONDITIONING"),
    negative: socket("CONDITIONING"),
    cfg: float({ default: 8, min: 0, max: 100, step: 0.1 }),
  },
  outputs: { GUIDER: output("GUIDER") },
  run: (_context, { model, positive, negative, cfg }) => ({
    GUIDER: { model, positive, negative, cfg },
  }),
});
