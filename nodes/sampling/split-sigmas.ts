import { int, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "SplitSigmas",
  title: "Split noise levels",
  category: "sampling",
  description: "Cuts a schedule at a step: the first part for one sampler, the rest for another.",
  version: 1,
  inputs: { sigmas: socket("SIGMAS"), step: int({ default: 0, min: 0, max: 10000 }) },
  outputs: { high_sigmas: output("SIGMAS"), low_sigmas: output("SIGMAS") },
  run: (_context, { sigmas, step }) => ({
    high_sigmas: sigmas.slice(0, step + 1),
    low_sigmas: sigmas.slice(step),
  }),
});
