import { seed } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "RandomNoise",
  title: "Random noise",
  category: "sampling",
  description: "Start noise from a seed, equal to PyTorch's CPU generator.",
  version: 1,
  inputs: { noise_seed: seed() },
  outputs: { NOISE: output("NOISE") },
  run: (_context, { noise_seed }) => ({ NOISE: { kind: "random", seed: noise_seed } }),
});
