import { combo, float, int, socket, text } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "PatchRadialAttention",
  title: "Radial attention (nunchaku)",
  category: "model",
  description:
    "Radial attention as the node proposed for ComfyUI-nunchaku sets it: the listed blocks and the first steps stay dense.",
  version: 1,
  inputs: {
    model: socket("MODEL"),
    dense_layers: text({
      default: "1,2",
      tooltip: "Blocks that stay dense, counted from 0, with commas between them.",
    }),
    dense_timesteps: int({
      default: 2,
      min: 0,
      max: 100,
      tooltip: "Leading steps that stay dense.",
    }),
    block_size: combo([64, 128], { default: 128 }),
    decay_factor: float({ default: 0.2, min: 0, max: 1, step: 0.1 }),
  },
  outputs: { MODEL: output("MODEL") },
  check: ({ dense_layers = "" }) =>
    layersOf(dense_layers).every((layer) => Number.isInteger(layer) && layer >= 0)
      ? []
      : [`Expected numbers with commas between them for "dense_layers", got "${dense_layers}".`],
  run: (_context, inputs) => ({
    MODEL: {
      ...inputs.model,
      attention: {
        kind: "radial",
        denseLayers: layersOf(inputs.dense_layers),
        denseSteps: inputs.dense_timesteps,
        decayFactor: inputs.decay_factor,
        blockSize: inputs.block_size,
      },
    },
  }),
});

function layersOf(list: string): number[] {
  return list
    .split(",")
    .filter((part) => part.trim() !== "")
    .map(Number);
}
