import { optionalSocket, socket } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "WanVideoSetBlockSwap",
  title: "WanVideo: set block swap",
  category: "wanvideo wrapper",
  description: "Kept for graphs that have it: where weights lie is decided by the runtime here.",
  version: 1,
  inputs: { model: socket("WANVIDEOMODEL"), block_swap_args: optionalSocket("BLOCKSWAPARGS") },
  outputs: { model: output("WANVIDEOMODEL") },
  run: (_context, { model }) => ({ model }),
});
