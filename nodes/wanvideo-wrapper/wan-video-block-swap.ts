import { boolean, int } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "WanVideoBlockSwap",
  title: "WanVideo: block swap",
  category: "wanvideo wrapper",
  description: "Kept for graphs that have it: where weights lie is decided by the runtime here.",
  version: 1,
  inputs: {
    blocks_to_swap: int({ default: 20, min: 0, max: 40 }),
    offload_img_emb: boolean({ default: false }),
    offload_txt_emb: boolean({ default: false }),
    use_non_blocking: boolean({ default: false }),
    vace_blocks_to_swap: int({ default: 0, min: 0, max: 15 }),
    prefetch_blocks: int({ default: 0, min: 0, max: 40 }),
    block_swap_debug: boolean({ default: false }),
  },
  outputs: { block_swap_args: output("BLOCKSWAPARGS") },
  run: () => ({ block_swap_args: null }),
});
