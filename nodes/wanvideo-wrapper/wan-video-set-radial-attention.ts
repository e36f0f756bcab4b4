import { combo, float, int, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "WanVideoSetRadialAttention",
  title: "WanVideo: radial attention",
  category: "wanvideo wrapper",
  description:
    "How radial attention works where the model loader's attention mode is radial_sage_attention; it does nothing in another mode.",
  version: 1,
  inputs: {
    model: socket("WANVIDEOMODEL"),
    dense_attention_mode: combo(
      ["sdpa", "flash_attn_2", "flash_attn_3", "sageattn", "sparse_sage_attention"],
      { default: "sageattn", advanced: true, tooltip: "Means nothing here: dense is dense." },
    ),
    dense_blocks: int({ default: 1, min: 0, max: 40, tooltip: "Leading blocks that stay dense." }),
    dense_vace_blocks: int({ default: 1, min: 0, max: 15, advanced: true }),
    dense_timesteps: int({
      default: 2,
      min: 0,
      max: 100,
      tooltip: "Leading steps that stay dense.",
    }),
    decay_factor: float({ default: 0.2, min: 0, max: 1, step: 0.01 }),
    block_size: combo([128, 64]),
  },
  outputs: { model: output("WANVIDEOMODEL") },
  run: (context, { model, dense_blocks, dense_timesteps, decay_factor, block_size }) => {
    if (!model.isRadial) {
      context.warn(
        "Expected the attention mode radial_sage_attention in the model loader, got another one: attention stays dense.",
      );
    }
    return {
      model: {
        ...model,
        radial: {
          kind: "radial",
          denseLayers: dense_blocks,
          denseSteps: dense_timesteps,
          decayFactor: decay_factor,
          blockSize: block_size,
        },
      },
    };
  },
});
