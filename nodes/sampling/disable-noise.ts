import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "DisableNoise",
  title: "No noise",
  category: "sampling",
  description: "Adds no noise: for a latent that still carries its own.",
  version: 1,
  inputs: {},
  outputs: { NOISE: output("NOISE") },
  run: () => ({ NOISE: { kind: "none" } }),
});
