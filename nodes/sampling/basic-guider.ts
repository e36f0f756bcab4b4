import { socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "BasicGuider",
  title: "Guider without CFG",
  category: "sampling",
  description: "One prompt, no classifier-free guidance: half the work of a step.",
  version: 1,
  inputs: { model: socket("MODEL"), conditioning: socket("CONDITIONING") },
  outputs: { GUIDER: output("GUIDER") },
  run: (_context, { model, conditioning }) => ({
    GUIDER: { model, positive: conditioning, cfg: 1 },
  }),
});
