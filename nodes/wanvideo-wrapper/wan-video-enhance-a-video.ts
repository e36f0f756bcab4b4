import { float } from "#runtime/sdk/inputs";
import { defineNode, output } from "#runtime/sdk/node";

export default defineNode({
  type: "WanVideoEnhanceAVideo",
  title: "WanVideo: Enhance-A-Video",
  category: "wanvideo wrapper",
  description: "Kept for graphs that have it. It is not made here; the sampler says so.",
  version: 1,
  inputs: {
    weight: float({ default: 2, min: 0, max: 100, step: 0.01 }),
    start_percent: float({ default: 0, min: 0, max: 1, step: 0.01 }),
    end_percent: float({ default: 1, min: 0, max: 1, step: 0.01 }),
  },
  outputs: { feta_args: output("FETAARGS") },
  run: () => ({ feta_args: null }),
});
