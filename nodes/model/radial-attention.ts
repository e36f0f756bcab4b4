import { combo, float, int, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "RadialAttention",
  title: "Radial attention",
  category: "model",
  description:
    "Replaces dense video self-attention by a static mask whose density falls with distance in time (arXiv 2506.19852).",
  version: 1,
  inputs: {
    model: socket("MODEL"),
    dense_layers: int({
      default: 1,
      min: 0,
      max: 100,
      tooltip: "Leading transformer blocks that stay dense.",
    }),
    dense_steps: int({
      default: 12,
      min: 0,
      max: 1000,
      tooltip: "Leading steps that stay dense: about 12 of 50, 2 of 8, 1 of 4.",
    }),
    decay_factor: float({
      default: 0.2,
      min: 0,
      max: 1,
      step: 0.01,
      tooltip: "Smaller is sparser and faster.",
    }),
    block_size: combo([128, 64], { advanced: true }),
  },
  outputs: { MODEL: output("MODEL") },
  searchAliases: [
    "PatchRadialAttn",
    "PatchRadialAttention",
    "WanVideoSetRadialAttention",
    "sparse",
  ],
  run: (_context, inputs) => ({
    MODEL: {
      ...inputs.model,
      attention: {
        kind: "radial",
        denseLayers: inputs.dense_layers,
        denseSteps: inputs.dense_steps,
        decayFactor: inputs.decay_factor,
        blockSize: inputs.block_size,
      },
    },
  }),
});
