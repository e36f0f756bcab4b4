import { boolean, combo, float, int, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "PatchRadialAttn",
  title: "Radial attention (RadialAttn)",
  category: "model",
  description:
    "Radial attention as the node of ComfyUI-RadialAttn sets it: the first block, the first steps and the last steps stay dense.",
  version: 1,
  inputs: {
    model: socket("MODEL"),
    dense_block: int({ default: 1, min: 0, max: 40, tooltip: "Leading blocks that stay dense." }),
    dense_timestep: int({
      default: 1,
      min: 0,
      max: 100,
      tooltip: "Leading steps that stay dense.",
    }),
    last_dense_timestep: int({
      default: 1,
      min: 0,
      max: 100,
      tooltip: "Steps at the end that stay dense.",
    }),
    block_size: combo([64, 128], { default: 128 }),
    decay_factor: float({ default: 0.2, min: 0, max: 1, step: 0.1 }),
    allow_compile: boolean({ default: false, advanced: true, tooltip: "Means nothing here." }),
  },
  outputs: { MODEL: output("MODEL") },
  run: (_context, inputs) => ({
    MODEL: {
      ...inputs.model,
      attention: {
        kind: "radial",
        denseLayers: inputs.dense_block,
        denseSteps: inputs.dense_timestep,
        lastDenseSteps: inputs.last_dense_timestep,
        decayFactor: inputs.decay_factor,
        blockSize: inputs.block_size,
      },
    },
  }),
});
